// Loaded into a process of Forkline by the build, before its own code: when that process ends, the machine code of the bundle
// that FORKLINE_KEEP_CODE names is kept for bin/load.cjs.
const { writeFileSync } = require('node:fs');
const { loaded } = require('../bin/load.cjs');

process.on('exit', () => {
  for (const { name, code, script } of loaded) {
    if (name === process.env.FORKLINE_KEEP_CODE) writeFileSync(code, script.createCachedData());
  }
});
