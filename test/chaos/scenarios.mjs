// `node test/chaos/scenarios.mjs --rounds 20`: the scenarios that must hold, by the real binary, each with nothing left behind and an
// innocent beside it that lives. `--as nobody` plays them as an unprivileged user; `--load 4` on a machine that has other things to do.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inputScenarios } from './scenarios/inputs.mjs';
import { outputScenarios } from './scenarios/output.mjs';
import { processScenarios } from './scenarios/processes.mjs';
import { Scene } from './scenarios/scene.mjs';
import { startScenarios } from './scenarios/starts.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    /** Numbers of scenarios, with commas between them. */
    only: { type: 'string' },
    as: { type: 'string' },
    /** No surer means of containment than this one. */
    tier: { type: 'string' },
    load: { type: 'string', default: '0' },
    /** The forkline that is tried: a folder with bin/ and dist/ in it. */
    home: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
    keep: { type: 'boolean', default: false },
  },
});
const only = values.only?.split(',');
const scenarios = Object.entries({
  ...processScenarios,
  ...startScenarios,
  ...outputScenarios,
  ...inputScenarios,
}).filter(([name]) => only === undefined || only.includes(name.split(':')[0]));
const loads = Array.from({ length: Number(values.load) }, () => spawn(process.execPath, ['-e', 'for (;;);']));

let playing = null;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void giveUp());

async function giveUp() {
  for (const load of loads) load.kill('SIGKILL');
  await playing?.forget();
  process.exit(1);
}

let bad = 0;
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, play] of scenarios) {
    const scene = new Scene({ home: values.home, user: values.as, tier: values.tier, id: name.split(':')[0] });
    playing = scene;
    const began = Date.now();
    try {
      await play(scene, randomFrom(Number(values.seed) + round));
    } catch (error) {
      scene.faults.push(`the scenario itself failed: ${error.stack}`);
    }
    const { faults } = scene;
    console.log(`${name}: ${faults.length === 0 ? 'holds' : 'FAULTS'} (${Date.now() - began} ms)`);
    for (const fault of faults.slice(0, 6)) console.log(`  ${fault}`);
    if (faults.length > 6) console.log(`  and ${faults.length - 6} more`);
    if (faults.length > 0) bad++;
    if (values.keep) console.log(`  ${scene.folder}`);
    await scene.forget({ keep: values.keep });
  }
}
for (const load of loads) load.kill('SIGKILL');
const played = scenarios.length * Number(values.rounds);
console.log(bad === 0 ? `all ${played} hold` : `${bad} of ${played} have faults`);
process.exit(bad === 0 && played > 0 ? 0 : 1);

/** mulberry32 */
function randomFrom(seed) {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
