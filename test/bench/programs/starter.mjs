// Starts `true` so many times, so many at once, with its output captured, as a run does it, and tells how long that took and for how much
// of it this process itself was busy. `node starter.mjs '{"count", "atOnce", "tier", "ballast"}'`: the ballast, in MB, is held meanwhile.
import { performance } from 'node:perf_hooks';
import { startChild } from '../../../src/run/child.ts';
import { Premises } from '../../../src/run/premises.ts';

const { count, atOnce, tier, ballast } = JSON.parse(process.argv[2]);
const held = Array.from({ length: ballast }, () => Buffer.alloc(1 << 20, 1));
const premises = new Premises({
  runId: `bench-${process.pid}`,
  atMost: tier,
  onLost: (reason) => process.exit(reason),
});
const containment = await premises.ready();
const { launcher, fifos, pipes } = premises;
const node = {
  id: 'once',
  cwd: '/',
  stdin: { type: 'null' },
  stdout: { type: 'log' },
  stderr: { type: 'log' },
};
const spec = { node, argv: ['true'], env: { ...process.env } };

const before = performance.eventLoopUtilization();
const from = performance.now();
let left = count;
fifos.expect(2 * count);
await Promise.all(Array.from({ length: atOnce }, work));
const seconds = (performance.now() - from) / 1000;
const { active } = performance.eventLoopUtilization(before);
await premises.close();
console.log(
  JSON.stringify({ rate: count / seconds, busyMs: active / count, tier: containment.tier, held: held.length }),
);
process.exit();

async function work() {
  while (left-- > 0) {
    const child = await startChild(spec, { launcher, fifos, pipes, broker: null, item: null }, () => {});
    const { exitcode } = await child.exited;
    if (exitcode !== 0) throw new Error(`it ended with ${exitcode}`);
    await child.empty();
  }
}
