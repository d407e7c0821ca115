// `forkline run` in the current folder, from the dist/ that is named. Called by the build, which keeps the machine code of it.
const { load } = require('../bin/load.cjs');

void load(process.argv[2], 'main').main(['run', '--quiet']);
