// `node test/chaos/run.mjs --rounds 100 --seed 1`: rounds of random programs on random pipelines, some of whom are killed or stopped at
// random moments, and what all of them wrote down held against what the documents promise. The plan of a round is made from its seed alone.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { kinds, planOf } from './plan.mjs';
import { play } from './world.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    /** One of the parts of plan.mjs, alone. */
    only: { type: 'string' },
    /** The forkline that is tried: a folder with bin/ and dist/ in it. */
    home: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
    /** So many others are busy on the same processors. */
    load: { type: 'string', default: '0' },
    /** Holds it also against the clock: who waits for a lock has it 200 ms after its owner was killed. */
    timed: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    calm: { type: 'boolean', default: false },
  },
});
if (values.only !== undefined && !kinds.includes(values.only)) throw new Error(`--only is one of ${kinds.join(', ')}`);

const loads = Array.from({ length: Number(values.load) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
process.once('exit', () => {
  for (const load of loads) load.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

let bad = 0;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.rounds); seed++) {
  const round = planOf(seed, values.only);
  if (values.calm) round.injuries = [];
  const began = Date.now();
  const result = await play(round, { home: values.home, keep: values.keep });
  const faults = check(result, { timed: values.timed });
  const hurt = result.injuries.map(({ node, how }) => `${node} ${how.slice(3)}`).join(', ');
  const what = Object.keys(round.pipeline.processes).length;
  console.log(
    `${seed}: ${what} processes, exit ${result.exit}, ${Date.now() - began} ms${hurt ? `, hurt: ${hurt}` : ''}${values.keep ? `, ${result.folder}` : ''}`,
  );
  if (faults.length === 0) {
    result.forget();
    continue;
  }
  bad++;
  for (const fault of faults.slice(0, 8)) console.log(`  FAULT ${fault}`);
  if (faults.length > 8) console.log(`  and ${faults.length - 8} more`);
  console.log(`  ${result.folder} has everything`);
}
console.log(bad === 0 ? `all ${values.rounds} rounds hold` : `${bad} of ${values.rounds} rounds have faults`);
process.exit(bad === 0 ? 0 : 1);
