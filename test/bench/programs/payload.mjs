// What the programs of a row put, by number, and what it says to the one who gets it.
const DIGITS = 6;
export const settings = JSON.parse(process.argv[3]);
export const { count, warmUp = 0 } = settings;
const { size, value, bytes, kinds = 1 } = settings;

const items = Array.from({ length: kinds }, (_, n) => {
  if (bytes) return Buffer.alloc(size, n + 1);
  if (value !== undefined) return { ...value, id: n + 1 };
  return String(n + 1)
    .padStart(DIGITS, '0')
    .padEnd(size, 'x');
});

export const item = (n) => items[n % kinds];

export function valueOf(got) {
  if (typeof got === 'string') return Number(got.slice(0, DIGITS));
  if (!bytes) return got.id;
  if (got.length !== size || got[size - 1] !== got[0]) throw new Error('an item came broken');
  return got[0];
}

export function lineOf(times) {
  times.sort();
  return { p50: times[times.length >> 1], p99: times[Math.floor(times.length * 0.99)] };
}
