// The rows of docs/performance.md, measured: `npm run bench -- [ROW…] [--reps N]`. A row is run when its name begins with one
// of the words given; without any, all are. Both sides of a row do the same work with the same counts, one after the other,
// again and again; what is shown is the median of the ratios, and how far they are apart.
import { parseArgs } from 'node:util';
import { redis } from './redis.mjs';
import { rows } from './rows.mjs';
import { cleanUp } from './stage.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { reps: { type: 'string', default: '5' } },
});
const reps = Number(values.reps);
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)));

console.log(`${reps} repetitions, interleaved; Node ${process.version}`);
if (redis === null) console.log('Redis is left out: `apt-get install redis-server` puts it beside the rows');
try {
  for (const row of chosen) console.log(await measure(row));
} finally {
  cleanUp();
}

async function measure({ name, ours, peers }) {
  const sides = { ours, ...peers };
  const seen = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let rep = 0; rep < reps; rep += 1) {
    // Whoever goes first has the colder machine: they take turns.
    const order = Object.keys(sides);
    if (rep % 2 === 1) order.reverse();
    for (const side of order) seen[side].push(await sides[side]());
  }
  const lines = Object.keys(peers).map((peer) => {
    const ratios = seen.ours.map((our, rep) => ratioOf(our, seen[peer][rep]));
    return `  x${shown(median(ratios))} [${shown(Math.min(...ratios))}..${shown(Math.max(...ratios))}] of ${peer}: ${told(seen[peer])}`;
  });
  return [`${name}: ${told(seen.ours)}`, ...lines].join('\n');
}

/** How much faster, or how much smaller. */
function ratioOf(our, their) {
  return our.size === undefined ? our.rate / their.rate : their.size / our.size;
}

function told(results) {
  const of = (field) => shown(median(results.map((result) => result[field])));
  if (results[0].size !== undefined) return `${of('size')} bytes`;
  return results[0].cpu === undefined ? `${of('rate')}/s` : `${of('rate')}/s, ${of('cpu')} µs of CPU each`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function shown(number) {
  return number >= 100 ? Math.round(number).toLocaleString('en') : number.toPrecision(3);
}
