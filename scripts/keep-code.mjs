// Runs `forkline run` in the current folder, from the dist/ that is named, and keeps the machine code of it for bin/load.js.
// Called by the build.
import { writeFileSync } from 'node:fs';
import { codeFile, load } from '../bin/load.js';

const [dist] = process.argv.slice(2);
const { script, main } = load(dist);
process.on('exit', () => writeFileSync(codeFile(dist), script.createCachedData()));
await main(['run', '--quiet']);
