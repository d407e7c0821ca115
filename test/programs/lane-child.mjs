// The ends of a queue with a direct lane, and a child of the one that puts, which puts too.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { queue } from 'forkline';

const role = process.argv[2];
const numbers = queue('numbers');

if (role === 'take') {
  let count = 0;
  for await (const _ of numbers) count += 1;
  console.log(`took ${count}`);
} else {
  // Few of that size are read ahead.
  const count = role === 'put' ? 20_000 : 500;
  for (let n = 0; n < count; n += 1) await numbers.put(String(n).padEnd(400));
  if (role === 'put') execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'child']);
}
