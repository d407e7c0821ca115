// When a machine wants a turn although nothing was said to it: a time by its own clock, or null where it never does.

/** The one that comes first. */
export function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
