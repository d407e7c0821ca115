// Pausing a run, and letting it go on. What becomes of its processes is seen through the real binary, in test/cli/terminal.test.ts.
import { expect, test } from 'vitest';
import type { BrokerHost } from '../../src/broker/host.ts';
import { Clock } from '../../src/clock.ts';
import type { Happening } from '../../src/run/happening.ts';
import { Pausing } from '../../src/run/pausing.ts';
import { Terminal } from '../../src/run/terminal.ts';

test('a run that several let go on at once goes on once', async () => {
  const told: Happening['type'][] = [];
  const asked: string[] = [];
  const broker = { pause: () => void asked.push('pause'), resume: async () => void asked.push('resume') };
  const pausing = new Pausing({
    clock: new Clock(),
    runId: 'a run of which there is no process',
    terminal: new Terminal(),
    leaders: () => [],
    broker: () => broker as unknown as BrokerHost,
    tell: ({ type }) => void told.push(type),
  });
  await pausing.resume();
  expect(told).toEqual([]);
  pausing.pause();
  await Promise.all([pausing.resume(), pausing.resume()]);
  pausing.pause();
  await pausing.resume();
  expect(told).toEqual(['run.paused', 'run.resumed', 'run.paused', 'run.resumed']);
  expect(asked).toEqual(['pause', 'resume', 'pause', 'resume']);
});
