// `ready`, `retry`, `restart` and time limits through the real binary: who starts, who is skipped and why, and that nobody is left.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline, type RunSettings } from '../kit/run-pipeline.ts';

async function ran(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  settings: RunSettings = {},
): Promise<Ran> {
  const folder = workspace(files);
  writeFileSync(join(folder, 'p.yaml'), yaml);
  const result = await runPipeline(join(folder, 'p.yaml'), settings);
  expect(result.left).toEqual([]);
  return result;
}

const outcomes = ({ summary }: Ran) =>
  Object.fromEntries(Object.entries(summary.nodes).map(([node, { outcome }]) => [node, outcome]));
const causeOf = (run: Ran, node: string) => run.summary.nodes[node]?.cause;
const ofType = <T extends Event['type']>({ events }: Ran, type: T) =>
  events.filter((event): event is Extract<Event, { type: T }> => event.type === type);

describe('a daemon that says itself when it is ready', () => {
  const needing = (target: string) => `
processes: { user: { run: "echo used", needs: server } }
daemons: { server: { target: "${target}", ready: { sdk: true } } }`;

  test.each([
    [
      'server.mjs#serve',
      `import { ready } from 'forkline';
export async function serve() { await ready(); await ready(); console.log('said'); setInterval(() => {}, 1000); }`,
    ],
    [
      'server.py#serve',
      `import os, time
from forkline import ready
def serve():
    if os.fork() == 0:
        ready()
        os._exit(0)
    time.sleep(1000)
`,
    ],
  ])('from %s', async (target, source) => {
    const run = await ran(needing(target), { [target.split('#')[0] as string]: source });
    expect(outcomes(run)).toEqual({ server: 'stopped', user: 'succeeded' });
    const order = run.events.flatMap((event) => ('node' in event && event.type !== 'node.output' ? [event] : []));
    const ready = order.findIndex(({ type }) => type === 'node.ready');
    expect(order.findIndex(({ type, node }) => type === 'node.started' && node === 'user')).toBeGreaterThan(ready);
  });

  test('changes nothing where nobody asks it', async () => {
    const run = await ran('processes: { a: { target: "a.mjs#f" }, b: { target: "b.py#f" } }', {
      'a.mjs': "import { ready } from 'forkline'; export const f = () => ready();",
      'b.py': 'from forkline import ready\ndef f(): ready()\n',
    });
    expect(outcomes(run)).toEqual({ a: 'succeeded', b: 'succeeded' });
    expect(ofType(run, 'node.ready')).toEqual([]);
  });
});

describe('what can no longer become ready', () => {
  test('is settled at once, and what needs it is skipped with the cause', async () => {
    const run = await ran(`
processes:
  early: { run: "exit 0", ready: { tcp: "127.0.0.1:1" }, on_failure: continue }
  user: { run: "echo never", needs: { early: ready } }
  after: { run: "echo cleaned", needs: { early: completed } }`);
    expect(outcomes(run)).toEqual({ early: 'failed', user: 'skipped', after: 'succeeded' });
    expect(causeOf(run, 'early')).toMatch(/^it ended before it was ready: .*127\.0\.0\.1:1/);
    expect(causeOf(run, 'user')).toBe('`early` failed before it was ready');
    expect(run.exitCode).toBe(1);
  });

  test('fails the run when its time is over, and says which probe never held', async () => {
    const run = await ran(`
processes: { user: { run: "echo never", needs: server } }
daemons: { server: { run: "sleep 100", ready: { exec: "sleep 30 & exit 7", timeout: 300ms, interval: 20ms } } }`);
    expect(outcomes(run)).toEqual({ server: 'failed', user: 'cancelled' });
    expect(causeOf(run, 'server')).toMatch(/^it was not ready within 0\.3 s: `sleep 30 & exit 7` /);
    expect(run.exitCode).toBe(1);
  });
});

test('a probe that hangs ends with the run, and so does all it started', async () => {
  const run = await ran(
    `
processes: { talker: { run: "echo go; sleep 100" }, user: { run: "true", needs: server } }
daemons: { server: { run: "sleep 100", ready: { exec: "sleep 200 & sleep 300" } } }`,
    {},
    { onLine: (line, signal) => line.endsWith('go') && signal('SIGINT') },
  );
  expect(run.exitCode).toBe(130);
  expect(outcomes(run)).toEqual({ server: 'stopped', talker: 'stopped', user: 'cancelled' });
});

describe('attempts', () => {
  test('end at once when the run is interrupted, however long the next one is away', async () => {
    const run = await ran(
      `
processes:
  again: { run: "exit 1", retry: { attempts: 3, delay: 1h } }
  watcher:
    run: |
      events="$FORKLINE_RUN_DIR/events.ndjson"
      until grep -q '"node.retrying"' "$events" && grep -q '"node.restarting"' "$events"; do sleep 0.02; done
      echo go; sleep 100
daemons: { server: { run: "exit 1", restart: { policy: always, delay: 1h } } }`,
      {},
      { onLine: (line, signal) => line.endsWith('go') && signal('SIGINT') },
    );
    expect(run.exitCode).toBe(130);
    expect(outcomes(run)).toEqual({ again: 'stopped', server: 'stopped', watcher: 'stopped' });
    expect(causeOf(run, 'again')).toBe('the run was interrupted; before that it failed with exit code 1');
  });

  test('of a process that never succeeds are counted, and its handler runs once, after the last', async () => {
    const run = await ran(`
processes:
  flaky: { run: "echo try $FORKLINE_ATTEMPT; exit 4", retry: { attempts: 2, exit_codes: [4] } }
  cleanup: { run: "echo cleaned", needs: { flaky: failed } }`);
    expect(run.lines('flaky')).toEqual(['try 1', 'try 2', 'try 3']);
    expect(run.lines('cleanup')).toEqual(['cleaned']);
    expect(run.summary.nodes['flaky']).toMatchObject({ outcome: 'failed', exitcode: 4, attempts: 3 });
    expect(ofType(run, 'node.retrying').map(({ attempt, exitcode }) => [attempt, exitcode])).toEqual([
      [2, 4],
      [3, 4],
    ]);
    expect(ofType(run, 'node.ended').map(({ node }) => node)).toEqual(['flaky', 'cleanup']);
  });

  test('of one that times out each have the whole time, and a signal it names is success', async () => {
    const run = await ran(`
processes:
  slow: { run: "test $FORKLINE_ATTEMPT = 2 || sleep 100", timeout: 3s, retry: 1 }
  struck: { run: "kill -TERM $$", success_exit_codes: [-15] }`);
    expect(outcomes(run)).toEqual({ slow: 'succeeded', struck: 'succeeded' });
    expect(run.summary.nodes['struck']?.exitcode).toBe(-15);
    expect(ofType(run, 'node.retrying').map(({ outcome }) => outcome)).toEqual(['timed_out']);
  });

  test('feed the same items again, and their queues hear nothing of them', async () => {
    const run = await ran(`
queues: { in: { from: [a, b, c] }, out: {} }
processes:
  filter:
    run: |
      read -r first; echo "$first$FORKLINE_ATTEMPT"
      [ "$FORKLINE_ATTEMPT" = 3 ] || exit 1
      cat
    stdin: { queue: in, done: exit }
    stdout: { queue: out }
    retry: 2
  sink: { run: cat, stdin: { queue: out } }`);
    expect(outcomes(run)).toEqual({ filter: 'succeeded', sink: 'succeeded' });
    expect(run.lines('sink')).toEqual(['a1', 'a2', 'a3', 'b', 'c']);
    expect(run.summary.queues['in']).toMatchObject({ done: 3, left_over: 0 });
    expect(ofType(run, 'queue.closed').every(({ aborted }) => !aborted)).toBe(true);
  });

  test('of a daemon go on while it is needed, and who needs it stays', async () => {
    const run = await ran(`
processes: { user: { run: "until [ -e third ]; do sleep 0.02; done", needs: server } }
daemons:
  server:
    run: "[ $FORKLINE_ATTEMPT -lt 3 ] || touch third; echo up; [ $FORKLINE_ATTEMPT -lt 3 ] || sleep 100"
    ready: { log: up }
    restart: { policy: always, delay: 10ms }`);
    expect(outcomes(run)).toEqual({ server: 'stopped', user: 'succeeded' });
    expect(run.summary.nodes['server']?.attempts).toBe(3);
    expect(ofType(run, 'node.restarting').map(({ attempt }) => attempt)).toEqual([2, 3]);
    expect(ofType(run, 'node.started').filter(({ node }) => node === 'user')).toHaveLength(1);
  });
});
