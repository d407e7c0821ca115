// The order of the test files. Nothing is known of how long they take where they have never run, as in CI, and vitest starts those of
// most bytes first; the few that take longest would then come in the middle and, as the short files that play long programs, at the end,
// where the others are done and wait for them.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONGEST = [
  'test/cli/deadlock.test.ts',
  'test/pipelines/pipelines.test.ts',
  'test/chaos/scenarios.test.ts',
  'test/sdk/python.test.ts',
  'test/cli/each.test.ts',
  'test/pipelines/promises.test.ts',
  'test/cli/containment.test.ts',
  'test/chaos/chaos.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
