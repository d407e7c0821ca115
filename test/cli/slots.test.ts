// Slots through the real binary: who waits has none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { type RunSettings, runPipeline } from '../kit/run-pipeline.ts';

async function run(yaml: string, settings: RunSettings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-slots-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'x.yaml');
  writeFileSync(file, yaml);
  return runPipeline(file, settings);
}

/** `flaky started`, `flaky retrying`, `quick ended`, … */
function story(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    const [of, what] = event.type.split('.');
    return of === 'node' && 'node' in event && /started|retrying|ended/.test(what ?? '')
      ? [`${event.node} ${what}`]
      : [];
  });
}

test('between two attempts others have the slot, and the next attempt waits for it in line', async () => {
  const ran = await run(`
slots: 1
processes:
  flaky: { run: 'test "$FORKLINE_ATTEMPT" = 2', retry: { attempts: 1, delay: 10ms } }
  quick: { run: 'true' }
  other: { run: 'true' }`);
  expect(ran.summary.reason).toBe('everything succeeded');
  const events = story(ran.events);
  const inOrder = ['flaky started', 'flaky retrying', 'quick started', 'quick ended'];
  expect(events.filter((it) => inOrder.includes(it)).slice(0, 4)).toEqual(inOrder);
  expect(ran.summary.nodes['flaky']).toMatchObject({ outcome: 'succeeded', attempts: 2 });
});

test('locks that it holds are given back between two attempts', async () => {
  const ran = await run(`
locks: { l: {} }
processes:
  flaky: { run: 'test "$FORKLINE_ATTEMPT" = 2', holds: l, retry: { attempts: 1, delay: 10ms } }
  next: { run: 'true', holds: l }`);
  expect(ran.summary.reason).toBe('everything succeeded');
  const events = story(ran.events);
  expect(events.indexOf('next started')).toBeGreaterThan(events.indexOf('flaky retrying'));
  expect(events.indexOf('next started')).toBeLessThan(events.indexOf('flaky ended'));
});

test('who waits in line for its next attempt is stopped with the run, with the attempts that it had', async () => {
  const ran = await run(
    `
slots: 1
processes:
  flaky: { run: 'exit 3', retry: { attempts: 1, delay: 0ms } }
  long: { run: 'echo here; exec sleep 1000' }`,
    { onLine: (line, signal) => line.endsWith('here') && signal('SIGINT') },
  );
  expect(ran.exitCode).toBe(130);
  expect(ran.summary.nodes['flaky']).toMatchObject({ outcome: 'stopped', attempts: 1 });
  expect(story(ran.events).filter((it) => it === 'flaky started')).toHaveLength(1);
  expect(ran.left).toEqual([]);
});

test('who waits in line for its next attempt is terminated by a join', async () => {
  const ran = await run(`
slots: 1
processes:
  flaky: { run: 'exit 3', retry: { attempts: 1, delay: 0ms } }
  first: { run: sleep 0.05 }
joins:
  race: { processes: [flaky, first], mode: any, on_pass: terminate }`);
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.summary.nodes['flaky']).toMatchObject({ outcome: 'terminated' });
});

test('an `each` that has nothing to do has no slot', async () => {
  const ran = await run(`
slots: 2
queues: { q: {} }
processes:
  feed: { run: 'until test -e "$FORKLINE_RUN_DIR/went"; do sleep 0.01; done; seq 2', stdout: { queue: q } }
  work: { each: q, run: 'echo "$ITEM"' }
  other: { run: 'touch "$FORKLINE_RUN_DIR/went"' }`);
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.summary.queues['q']).toMatchObject({ done: 2 });
});
