// Before each test file: what is tried at random is the same in every test run, so that none fails by luck. FORKLINE_SEED tries
// something else; `npm run explore` does so with one fresh seed after another.
import fc from 'fast-check';

const seed = Number(process.env['FORKLINE_SEED'] ?? 1);
if (!Number.isInteger(seed))
  throw new Error(`FORKLINE_SEED is \`${process.env['FORKLINE_SEED']}\`, expected a whole number`);
fc.configureGlobal({ seed });
