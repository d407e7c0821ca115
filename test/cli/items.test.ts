// What becomes of items, through real processes in both languages: they come out as they went in, and what was promised of them
// holds when whoever put or took them is killed in the midst of it. Each process writes down for itself what it did.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

const programs = {
  'naughty.mts': `
    import { queue } from 'forkline';
    const deep = (levels: number): unknown => levels === 0 ? 1 : [deep(levels - 1)];
    const proto = JSON.parse('{"__proto__":{"a":1},"constructor":null,"":0}');
    const values = [null, true, '', '\\0\\u2028"\\\\', '𝕊🥟e\\u0301', '\\ud800', ['\\udfff'], 1e21, -1e-7, 0.1 + 0.2, 2 ** 53 - 1, proto,
      deep(500), 'x'.repeat(200_000), { b: 1, a: [{}, []] }, Array(5000).fill('包'), 5e-324, 1.7976931348623157e308];
    export async function ask() {
      for (const value of values) await queue('there').put(value);
      for (const value of [NaN, [Infinity], 2 ** 53, deep(501), undefined, { a: undefined }, 1n]) {
        await queue('there').put(value).then(() => { throw new Error('put ' + String(value)); }, (error) => {
          if (!(error instanceof TypeError)) throw error;
        });
      }
      await queue('there').close();
      const echoes: unknown[] = [];
      for await (const value of queue('back')) echoes.push(value);
      if (echoes.length !== values.length) throw new Error(echoes.length + ' came back');
      values.forEach((value, index) => {
        if (JSON.stringify(echoes[index]) !== JSON.stringify(value)) throw new Error('item ' + index + ' came back as another');
      });
    }`,
  'naughty.py': `
from forkline import queue
def echo():
    for value in queue("there"):
        queue("back").put(value)
    for value in (float("nan"), [float("inf")], 2**53, -(2**70), {1: 2}, {"a": {3}}, b"x"):
        try:
            queue("back").put(value)
        except (TypeError, ValueError):
            continue
        raise AssertionError(value)
`,
  'history.mts': `
    import { appendFileSync } from 'node:fs';
    import { queue } from 'forkline';
    export async function put(file: string) {
      for (let n = 0; ; n += 1) { await queue('q').put(n); appendFileSync(file, n + '\\n'); }
    }
    export async function take(file: string) { for await (const n of queue('q')) appendFileSync(file, n + '\\n'); }`,
  'history.py': `
import os
from forkline import queue
def put(file):
    out, n = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 0
    while True:
        queue("q").put(n)
        os.write(out, b"%d\\n" % n)
        n += 1
def take(file):
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for n in queue("q"):
        os.write(out, b"%d\\n" % n)
def put_until(file):
    n = 0
    while not os.path.exists(file):
        queue("q").put(n)
        n += 1
    queue("q").put_many(range(n, n + 500))
    print(n + 500, file=open("count", "w"))
`,
};

async function run(pipeline: string) {
  const folder = workspace({ 'pipeline.yaml': pipeline, ...programs });
  const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run']);
  return {
    exitCode,
    stderr,
    numbers: (file: string) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').map(Number),
    summary: JSON.parse(readFileSync(join(folder, 'run', 'summary.json'), 'utf8')) as Summary,
  };
}

test('whatever JSON can say goes from TypeScript to Python and back unchanged, and all else is refused', async () => {
  const { exitCode, stderr } = await run(`
    queues: { there: {}, back: {} }
    processes:
      ask: { target: naughty.mts#ask, puts: there, gets: back }
      echo: { target: naughty.py#echo, gets: there, puts: back }`);
  expect(stderr).toContain('everything succeeded');
  expect(exitCode).toBe(0);
});

test.each(['history.mts', 'history.py'])(
  'what a producer in %s heard to be put is there when it is killed',
  async (file) => {
    const { numbers, summary } = await run(`
    queues: { q: { confirm: true } }
    processes:
      producer: { target: ${file}#put, args: [log], puts: q, on_failure: ignore }
      consumer: { target: history.py#take, args: [taken], gets: q }
      killer:
        run: |
          until [ -f log ] && [ "$(wc -l < log)" -ge 500 ]; do sleep 0.01; done
          kill -KILL "$(sed -n 's/.*"node.started","node":"producer","pid":\\([0-9]*\\).*/\\1/p' run/events.ndjson)"`);
    const heard = numbers('log');
    const taken = numbers('taken');
    expect(heard.length).toBeGreaterThanOrEqual(500);
    expect(taken.slice(0, heard.length)).toEqual(heard);
    // One more may have been on its way.
    expect(taken.length).toBeLessThanOrEqual(heard.length + 1);
    expect(summary.queues['q']).toMatchObject({ put: taken.length, done: taken.length, left_over: 0 });
    expect(summary.nodes['producer']).toMatchObject({ signal: 'SIGKILL' });
  },
);

test.each([
  ['at-most-once', 'history.mts'],
  ['at-most-once', 'history.py'],
  ['at-least-once', 'history.mts'],
  ['at-least-once', 'history.py'],
])('with `delivery: %s`, a consumer in %s that is killed loses or repeats only what it may', async (delivery, file) => {
  const { numbers, summary } = await run(`
    queues: { q: { delivery: ${delivery}, maxsize: 100 } }
    processes:
      producer: { target: history.py#put_until, args: [killed], puts: q }
      victim: { target: ${file}#take, args: [log], gets: q, on_failure: ignore }
      other: { target: history.py#take, args: [rest], gets: q }
      killer:
        run: |
          until [ -f log ] && [ "$(wc -l < log)" -ge 200 ]; do sleep 0.01; done
          kill -KILL "$(sed -n 's/.*"node.started","node":"victim","pid":\\([0-9]*\\).*/\\1/p' run/events.ndjson)"
          touch killed`);
  const seen = [...numbers('log'), ...numbers('rest')].sort((a, b) => a - b);
  const different = new Set(seen);
  const [count] = numbers('count');
  expect(summary.nodes['victim']).toMatchObject({ signal: 'SIGKILL' });
  const counts = summary.queues['q'];
  expect(counts).toMatchObject({ put: count, done: count, dead_lettered: 0, dropped: 0, left_over: 0 });
  if (delivery === 'at-most-once') {
    // What was taken and not written down is lost, and nothing came twice.
    expect(seen.length).toBe(different.size);
    expect(counts?.redelivered).toBeLessThanOrEqual(1000);
  } else {
    expect(different.size).toBe(count);
    expect(seen.length - different.size).toBeLessThanOrEqual(counts?.redelivered ?? 0);
  }
});

test('what a daemon writes last, once it is stopped, is in the file of its queue, though there is little room', async () => {
  const folder = workspace({
    'pipeline.yaml': `
      queues: { words: { encoding: text, maxsize: 10, to: { lines: words } } }
      daemons:
        d:
          command: [bash, -c, 'trap "seq 1 2000; exit 0" TERM; touch up; sleep 300 & wait']
          ready: { file: up, interval: 10ms }
          stdout: { queue: words }
      processes: { p: { run: "true", needs: d } }`,
  });
  const { stderr, exitCode } = await forkline(folder, ['run', '-q']);
  expect([stderr, exitCode]).toEqual(['', 0]);
  expect(readFileSync(join(folder, 'words'), 'utf8').trim().split('\n')).toEqual(
    Array.from({ length: 2000 }, (_, index) => String(index + 1)),
  );
});

test('a run that is interrupted says no file whole that lacks what had been written', async () => {
  const folder = workspace({
    'pipeline.yaml': `
      queues: { words: { encoding: text, maxsize: 5, to: { lines: words } } }
      processes:
        p: { run: "echo $$ > pid; exec seq 1 400", stdout: { queue: words } }
        c:
          run: |
            forkline get words
            while kill -0 "$(cat pid)"; do :; done
            echo ready
            exec sleep 300
          gets: words
          stderr: null`,
  });
  const run = forkline(folder, ['run', '--run-dir', 'here']);
  run.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('ready')) run.kill('SIGINT');
  });
  expect((await run).exitCode).toBe(130);
  // Where `p` was not known to have ended, it is `words.partial`.
  const file = join(folder, 'words');
  const words = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  expect([0, 400]).toContain(words.length);
});
