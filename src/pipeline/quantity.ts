// Durations and sizes as people write them: `500ms`, `30s`, `64MiB`; a bare number is seconds, or bytes.

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const bytes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Milliseconds, rounded up so that a wait is never cut short; null where it is none. */
export function parseDuration(value: unknown): number | null {
  const found = parseQuantity(value, milliseconds, 's');
  return found === null ? null : Math.ceil(found);
}

/** Bytes; null where it is none. */
export function parseSize(value: unknown): number | null {
  const found = parseQuantity(value, bytes, 'B');
  return found === null ? null : Math.floor(found);
}

function parseQuantity(value: unknown, units: Readonly<Record<string, number>>, bare: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(typeof value === 'number' ? String(value) : String(value ?? ''));
  if (match === null || (typeof value !== 'number' && typeof value !== 'string')) return null;
  const factor = units[match[2] || bare];
  const amount = Number(match[1]) * (factor ?? Number.NaN);
  return Number.isSafeInteger(Math.ceil(amount)) ? amount : null;
}
