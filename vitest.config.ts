// How the tests run: each file in a process of its own, and a run that leaves a process behind has failed.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/kit/longest-first.ts';

const report = process.env['FORKLINE_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // They wait for their processes, and for time limits, about as long as anybody computes.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/kit/surroundings.ts', 'test/kit/survivors.ts'],
    setupFiles: ['test/kit/chance.ts'],
    // Tests start real processes on machines that may be busy; this bounds a hang and asserts nothing.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    reporters: report === undefined ? ['default'] : ['default', 'json'],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
  },
});
