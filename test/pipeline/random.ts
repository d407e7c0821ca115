// Properties that must hold for anything fast-check thinks of.
import fc from 'fast-check';
import { test as one } from 'vitest';

export { fc };

export function test<Given extends [unknown, ...unknown[]]>(
  given: { [Index in keyof Given]: fc.Arbitrary<Given[Index]> },
  promise: string,
  holds: (...given: Given) => void,
): void {
  one(promise, () => {
    fc.assert(fc.property(...given, holds), { numRuns: 2_000 });
  });
}
