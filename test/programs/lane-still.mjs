// The ends of a queue with a direct lane, of which the one that puts stands still for the other one.
import { existsSync, writeFileSync } from 'node:fs';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { queue } from 'forkline';

const [, , role, folder] = process.argv;
const numbers = queue('numbers');
const COUNT = 20_000;

if (role === 'put') {
  for (let n = 0; n < COUNT; n += 1) await numbers.put(n);
  for (let turns = 0; turns < 10; turns += 1) await setImmediate();
  writeFileSync(`${folder}still`, '');
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(`${folder}taken`)) Atomics.wait(clock, 0, 0, 5);
} else {
  const seen = new Set();
  for (let given = false; seen.size < COUNT; ) {
    const taken = await numbers.take();
    if (given) writeFileSync(`${folder}taken`, '');
    if (given || taken.value < COUNT - 50) {
      seen.add(taken.value);
      taken.done();
    } else {
      while (!existsSync(`${folder}still`)) await pause(5);
      taken.giveBack();
      given = true;
    }
  }
  console.log(`took ${seen.size}`);
}
