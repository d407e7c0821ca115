// The broker's process: src/broker/main.ts, out of the dist/ that is named.
const { load } = require('./load.cjs');

load(process.argv[2], 'broker');
