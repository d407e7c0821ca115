// `each` through the real binary: a process for every item, in every way that an item comes to it, is done, fails, or is given back.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forkline, workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline, type RunSettings } from '../kit/run-pipeline.ts';

async function run(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  settings: RunSettings = {},
): Promise<Ran & { readonly folder: string }> {
  const folder = workspace({ 'pipeline.yaml': yaml, ...files });
  const ran = await runPipeline(join(folder, 'pipeline.yaml'), settings);
  expect(ran.left).toEqual([]);
  return { ...ran, folder };
}

/** What the workers of `node` printed, in no order. */
function printed(ran: Ran, node: string): string[] {
  const lines = ran.output.split('\n').flatMap((line) => {
    const [, text] = new RegExp(`^${node}\\.w\\d+ +\\| (.*)$`).exec(line) ?? [];
    return text === undefined ? [] : [text];
  });
  return lines.sort();
}

describe('an item', () => {
  test('is in `$ITEM` and on stdin, a text as it is and other values as JSON', async () => {
    const ran = await run(`
queues: { q: { from: [plain, { x: [1, "two"] }, 3, null, 'a "quoted" \\ text', ''] } }
processes:
  a:
    each: q
    run: |
      [ "$ITEM" = "$(cat)" ] && echo "$ITEM_BYTES $ITEM"`);
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(printed(ran, 'a')).toEqual([
      '0 ',
      '1 3',
      '15 {"x":[1,"two"]}',
      '17 a "quoted" \\ text',
      '4 null',
      '5 plain',
    ]);
    expect(ran.summary.nodes['a']?.items).toEqual({ done: 6, skipped: 0, failed: 0, returned: 0, retried: 0 });
    expect(ran.summary.queues['q']).toMatchObject({ put: 6, taken: 6, done: 6, left_over: 0 });
  });

  test.each([
    ['large', `${JSON.stringify('x'.repeat(150_000))}\n`, '150000 150000'],
    ['very large', `${JSON.stringify({ y: 'y'.repeat(12_000_000) })}\n`, '12000008 12000008'],
    ['a text with a NUL', `${JSON.stringify('a\0b')}\n`, '3 3'],
  ])('that is %s is on stdin only, whatever the environment says', async (_, json, expected) => {
    const ran = await run(
      `
queues: { q: { from: { json: items.ndjson } } }
processes:
  a: { each: q, env: { ITEM: outer }, run: 'echo "\${ITEM-} $ITEM_BYTES $(wc -c)"' }`,
      { 'items.ndjson': json },
    );
    expect(printed(ran, 'a')).toEqual([` ${expected}`]);
  });

  test('of bytes is on stdin byte for byte', async () => {
    const ran = await run(`
queues: { q: { encoding: bytes }, r: { from: [1] } }
processes:
  b: { each: r, run: "printf '\\\\377\\\\376\\\\n'", stdout: { queue: q } }
  a: { each: q, run: 'echo "\${ITEM-none} $ITEM_BYTES $(od -An -tx1)"' }`);
    expect(printed(ran, 'a')).toEqual(['none 2  ff fe']);
  });

  test('need not be read', async () => {
    const ran = await run(
      `
queues: { q: { from: { json: items.ndjson } } }
processes: { a: { each: q, command: ['true'] } }`,
      { 'items.ndjson': `${JSON.stringify('x'.repeat(5_000_000))}\n1\n` },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
  });

  test('is in expressions, wherever they stand', async () => {
    const ran = await run(`
queues: { q: { from: [{ name: a, to: '.' }, { name: b, to: '/' }, { name: c, to: '/' }] } }
processes:
  a:
    each: q
    if: item.name != 'c'
    env: { NAME: "<\${{ item.name }}>" }
    cwd: \${{ item.to }}
    command: [sh, -c, 'echo "$0 $NAME"; pwd >&2', "\${{ toJSON(item.name) }}"]
    stdout: { file: "\${{ item.name }}.txt" }`);
    expect(ran.summary.nodes['a']?.items).toMatchObject({ done: 2, skipped: 1 });
    expect(readFileSync(join(ran.folder, 'a.txt'), 'utf8')).toBe('"a" <a>\n');
    expect(readFileSync(join(ran.folder, 'b.txt'), 'utf8')).toBe('"b" <b>\n');
    expect(existsSync(join(ran.folder, 'c.txt'))).toBe(false);
    expect(ran.output).toMatch(/^a\.w1 ! \/$/m);
  });

  test('had no attempt where no process was started for it', async () => {
    const ran = await run(`
queues: { q: { from: [{ n: a }, { n: b }, { n: [1] }], dead_letter: d }, d: { to: { json: dead.ndjson } } }
processes: { a: { each: q, if: item.n != 'b', command: [echo, "\${{ item.n }}"] } }`);
    expect(
      ran.events.flatMap((event) => (event.type === 'item.ended' ? [[event.outcome, event.attempts]] : [])),
    ).toEqual([
      ['succeeded', 1],
      ['skipped', 0],
      ['failed', 0],
    ]);
  });

  test('whose expression has no value fails alone, and says which', async () => {
    const ran = await run(`
queues: { q: { from: [{ n: a }, { n: [1] }, { n: c }], dead_letter: d }, d: { to: { json: dead.ndjson } } }
processes: { a: { each: q, command: [echo, "\${{ item.n }}"] } }`);
    expect(printed(ran, 'a')).toEqual(['a', 'c']);
    expect(ran.said).toContain(
      '`a` failed: `${{ item.n }}` is a list or a map, where a text is needed (pipeline.yaml:3:14)',
    );
    expect(readFileSync(join(ran.folder, 'dead.ndjson'), 'utf8')).toBe('{"n":[1]}\n');
  });

  test('is an argument of a function', async () => {
    const ran = await run(
      `
queues: { q: { from: [{ n: 2 }, { n: 3 }] }, r: { to: { json: out.ndjson } } }
processes:
  ts: { each: q, target: './f.ts#square', args: ["\${{ item.n }}"], workers: 2, puts: r }
  py: { each: q, target: './f.py#square', args: ["\${{ item.n }}"], puts: r }`,
      {
        'f.ts': `import { queue } from 'forkline'; export async function square(n: number) { await queue('r').put(n * n); }`,
        'f.py': `import forkline\ndef square(n):\n    forkline.queue("r").put(n * n)\n`,
      },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    const out = readFileSync(join(ran.folder, 'out.ndjson'), 'utf8').trimEnd().split('\n');
    expect(out.sort()).toEqual(['4', '9']);
  });
});

describe('workers', () => {
  test('are as many as is said, and all at work', async () => {
    // Each waits until three are there; a fourth would be seen.
    const ran = await run(`
queues: { q: { from: [1, 2, 3] } }
processes:
  a:
    each: q
    workers: 3
    run: |
      echo here > "\${FORKLINE_RUN_DIR}/at-$FORKLINE_PROCESS"
      until [ "$(ls "$FORKLINE_RUN_DIR" | grep -c '^at-')" = 3 ]; do :; done
      echo "$FORKLINE_PROCESS"`);
    expect(printed(ran, 'a')).toEqual(['a.w1', 'a.w2', 'a.w3']);
  });

  test('of several on one queue share its items, beside programs that take by themselves', async () => {
    const ran = await run(
      `
queues: { q: { order: priority, from: [${Array.from({ length: 60 }, (_, n) => n).join(', ')}] } }
processes:
  a: { each: q, workers: 2, replicas: 2, run: 'echo "$ITEM"' }
  b: { each: q, run: 'echo "$ITEM"' }
  c: { target: './c.ts#all', gets: q }`,
      {
        'c.ts': `import { queue } from 'forkline';
          export async function all() { for await (const n of queue<number>('q')) console.log('c.w1', n); }`,
      },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    const seen = ran.output.split('\n').map((line) => Number(/(\d+)$/.exec(line)?.[1]));
    expect(seen.sort((one, other) => one - other)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(ran.summary.queues['q']).toMatchObject({ put: 60, done: 60, left_over: 0, redelivered: 0 });
  });

  test('write to a file that is the same for all, one after the other', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2, 3, 4] } }
processes: { a: { each: q, workers: 2, run: 'echo "$ITEM"', stdout: { file: out.txt } } }`,
      { 'out.txt': 'old\n' },
    );
    const lines = readFileSync(join(ran.folder, 'out.txt'), 'utf8').trimEnd().split('\n');
    expect(lines.sort()).toEqual(['1', '2', '3', '4']);
  });

  test('write to a FIFO that is the same for all, as any process does', async () => {
    const folder = workspace({
      'pipeline.yaml': `
queues: { q: { from: [1, 2] } }
processes:
  a: { each: q, run: 'echo "$ITEM"', stdout: { file: fifo } }
  reader: { run: 'exec 3<>fifo; read one <&3; read two <&3; echo $one $two', needs: { a: started } }`,
    });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    // Or the runner itself would open it, wait there, and hear nothing more.
    const run = forkline(folder, ['run', '--run-dir', 'here']);
    const watchdog = setTimeout(() => run.kill('SIGKILL'), 90_000);
    const { exitCode } = await run;
    clearTimeout(watchdog);
    expect([exitCode, readFileSync(join(folder, 'here/logs/reader.log'), 'utf8')]).toEqual([0, '1 2\n']);
  });

  test('are instances that may take the locks of the `each`, free when their process has ended', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2, 3, 4, 5, 6], dead_letter: d }, d: { to: { json: dead.ndjson } } }
locks: { l: {} }
processes: { a: { each: q, workers: 3, target: './f.ts#hold', args: ["\${{ item }}"], locks: l } }`,
      {
        'f.ts': `import { current, lock } from 'forkline';
          export async function hold(n: number) {
            const guard = await lock('l').acquire();
            console.log(n, current().name.replace(/[0-9]/, 'N'));
            if (n % 3 === 0) process.kill(process.pid, 'SIGKILL');
            guard.release();
          }`,
      },
    );
    expect(ran.summary.nodes['a']?.items).toMatchObject({ done: 4, failed: 2 });
    expect(printed(ran, 'a').map((line) => line.slice(2))).toEqual(Array.from({ length: 6 }, () => 'a.wN'));
    expect(ran.events.filter(({ type }) => type === 'lock.abandoned').length).toBe(2);
  });

  test('take from the queue of the `each` by nothing but it', async () => {
    const ran = await run(
      `
queues: { q: { from: [1] }, r: { to: { json: out.ndjson } } }
processes: { a: { each: q, target: './f.ts#take', puts: r } }`,
      {
        'f.ts': `import { queue } from 'forkline'; export async function take() {
          await queue('q').get().catch((error) => console.log(error.name)); }`,
      },
    );
    expect(printed(ran, 'a')).toEqual(['NotGranted']);
  });
});

describe('a queue that an `each` puts to again', () => {
  test('ends when all is done: by its stdout', async () => {
    const ran = await run(`
queues: { q: { from: [1] }, leaves: { to: { lines: leaves.txt } } }
processes:
  grow:
    each: q
    workers: 4
    run: |
      if [ "$ITEM" -lt 64 ]; then echo $((ITEM * 2)); echo $((ITEM * 2 + 1)); else echo "$ITEM" >&2; fi
    stdout: { queue: q, format: json }
    stderr: { queue: leaves }`);
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(ran.summary.queues['q']).toMatchObject({ put: 127, done: 127, left_over: 0 });
    const leaves = readFileSync(join(ran.folder, 'leaves.txt'), 'utf8').trimEnd().split('\n');
    expect(leaves.length).toBe(64);
  });

  test('ends when all is done: several `each` and a program in turn', async () => {
    const ran = await run(
      `
queues: { a: { from: [6] }, b: {}, c: { delivery: at-most-once } }
processes:
  one: { each: a, workers: 2, run: 'echo "$ITEM"; echo "$ITEM"', stdout: { queue: b, format: json } }
  two: { target: './f.ts#pass', gets: b, puts: c }
  three: { each: c, workers: 2, run: 'if [ "$ITEM" -gt 0 ]; then echo "$((ITEM - 1))"; fi', stdout: { queue: a, format: json } }`,
      {
        'f.ts': `import { queue } from 'forkline';
          export async function pass() { for await (const n of queue<number>('b')) await queue('c').put(n); }`,
      },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(ran.summary.queues['a']).toMatchObject({ put: 127, done: 127, left_over: 0 });
  });
});

describe('an item that fails', () => {
  test('goes to the dead letters, with the reason, and the others go on', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2, 3, 4, 5], dead_letter: d }, d: {} }
processes:
  a: { each: q, workers: 2, run: 'echo "at $ITEM" >&2; exit $((ITEM % 2 * ITEM))', success_exit_codes: 5 }
  b: { target: './f.py#report', gets: d }`,
      {
        'f.py': `import forkline
def report():
    while True:
        try:
            item = forkline.queue("d").take()
        except forkline.ShutDown:
            return
        print(item.value, item.attempts, item.reason, flush=True)
        item.done()
`,
      },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(ran.lines('b').sort()).toEqual(['1 1 `a` failed with exit code 1', '3 1 `a` failed with exit code 3']);
    expect(ran.summary.nodes['a']?.items).toMatchObject({ done: 3, failed: 2 });
    expect(ran.summary.queues['q']).toMatchObject({ done: 3, dead_lettered: 2, left_over: 0 });
  });

  test('is tried again as `retry` says, with its stdin from the start', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2, 3], dead_letter: d }, d: { to: { json: dead.ndjson } } }
processes:
  a:
    each: q
    workers: 2
    retry: { attempts: 2, delay: 10ms }
    run: 'echo "$(cat) $FORKLINE_ATTEMPT"; [ $ITEM -lt 3 ] && [ $FORKLINE_ATTEMPT = $ITEM ]'`);
    expect(printed(ran, 'a')).toEqual(['1 1', '2 1', '2 2', '3 1', '3 2', '3 3']);
    expect(ran.summary.nodes['a']?.items).toEqual({ done: 2, skipped: 0, failed: 1, returned: 0, retried: 2 });
    expect(ran.said).toContain('1 item of queue `q` went to `d`, `a` failed with exit code 1');
  });

  test('without dead letters fails all: what is under way is finished, and nothing new begun', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2, 3, 4, 5] } }
processes:
  a:
    each: q
    workers: 2
    run: |
      if [ $ITEM = 1 ]; then until [ -e "$FORKLINE_RUN_DIR/second" ]; do :; done; exit 7; fi
      touch "$FORKLINE_RUN_DIR/second"
      until ! kill -0 $PPID || grep -q '"item.ended"' "$FORKLINE_RUN_DIR/events.ndjson"; do :; done
      echo "did $ITEM"`);
    expect(ran.exitCode).toBe(1);
    expect(printed(ran, 'a')).toEqual(['did 2']);
    expect(ran.summary.nodes['a']).toMatchObject({
      outcome: 'failed',
      cause: 'item 1 failed with exit code 7',
      items: { done: 1, failed: 1, returned: 0 },
    });
    expect(ran.summary.queues['q']).toMatchObject({ done: 1, left_over: 4, redelivered: 0 });
  });

  test('goes back to the others, where that failure does not stop them', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2, 3] } }
processes:
  bad: { each: q, run: exit 1, on_failure: ignore }
  good: { each: q, run: 'echo "$ITEM"', needs: { bad: completed } }`);
    expect(ran.summary.reason).toContain('everything succeeded');
    expect(printed(ran, 'good')).toEqual(['1', '2', '3']);
    expect(ran.summary.nodes['bad']).toMatchObject({ outcome: 'failed' });
  });

  test('has put what it put, and that stays', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2], dead_letter: d }, d: { to: { json: dead.ndjson } }, r: { to: { lines: out.txt } } }
processes: { a: { each: q, run: 'echo "from $ITEM"; exit $((ITEM - 1))', stdout: { queue: r } } }`);
    expect(readFileSync(join(ran.folder, 'out.txt'), 'utf8')).toBe('from 1\nfrom 2\n');
    expect(readFileSync(join(ran.folder, 'dead.ndjson'), 'utf8')).toBe('2\n');
  });

  test('is one whose time is up, or whose program is not there', async () => {
    const ran = await run(`
queues:
  q: { from: [sleep], dead_letter: d }
  r: { from: [nothing-of-this-name, 'true'], dead_letter: d }
  d: { to: { lines: dead.txt } }
processes:
  late: { each: q, command: ["\${{ item }}", '1000'], timeout: 300ms }
  a: { each: r, workers: 2, command: ["\${{ item }}"] }`);
    expect(ran.summary.nodes['late']?.items).toMatchObject({ done: 0, failed: 1 });
    expect(ran.summary.nodes['a']?.items).toMatchObject({ done: 1, failed: 1 });
    const dead = readFileSync(join(ran.folder, 'dead.txt'), 'utf8').trimEnd().split('\n');
    expect(dead.sort()).toEqual(['nothing-of-this-name', 'sleep']);
    expect(ran.said).toContain('`late` timed out');
    expect(ran.said).toContain('there is no program `nothing-of-this-name`');
  });
});

describe('an `each`', () => {
  test('fails where its stream breaks off, once the rest is done', async () => {
    const ran = await run(`
queues: { q: {} }
processes:
  source: { run: 'echo 1; echo 2; exit 1', stdout: { queue: q }, on_failure: continue }
  a: { each: q, run: 'echo "$ITEM"' }`);
    expect(ran.exitCode).toBe(1);
    expect(printed(ran, 'a')).toEqual(['1', '2']);
    expect(ran.summary.nodes['a']).toMatchObject({ outcome: 'failed', cause: 'its input broke off' });
  });

  test('of nothing succeeds', async () => {
    const ran = await run(`
queues: { q: { from: [] } }
processes: { a: { each: q, run: exit 1 }, b: { run: echo after, needs: a } }`);
    expect(ran.lines('b')).toEqual(['after']);
  });

  test('whose `if` is false is skipped', async () => {
    const ran = await run(`
queues: { q: { from: [1], leftover: ignore } }
processes: { a: { each: q, run: exit 1, if: "\${{ run.name == 'x' }}" } }`);
    expect(ran.summary.nodes['a']).toMatchObject({ outcome: 'skipped' });
    expect(ran.exitCode).toBe(0);
  });

  test('that is interrupted stops its processes, and gives their items back', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2, 3, 4, 5] } }
processes:
  a: { each: q, workers: 2, run: 'echo ready; exec sleep 1000' }`,
      {},
      {
        onLine: (() => {
          let ready = 0;
          return (line: string, signal: (name: NodeJS.Signals) => void) => {
            if (line.endsWith('ready')) ready += 1;
            if (line.endsWith('ready') && ready === 2) signal('SIGINT');
          };
        })(),
      },
    );
    expect(ran.exitCode).toBe(130);
    expect(ran.summary.nodes['a']).toMatchObject({ outcome: 'stopped', items: { done: 0, returned: 2 } });
    expect(ran.summary.queues['q']).toMatchObject({ done: 0, left_over: 5 });
  });

  test('that a join terminates leaves what it did not do to others', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2, 3] } }
processes:
  slow: { each: q, run: 'while :; do sleep 1000; done' }
  quick: { run: 'until grep -q item.started "$FORKLINE_RUN_DIR/events.ndjson"; do :; done' }
  other: { each: q, needs: { race: passed }, run: 'echo "$ITEM"' }
joins: { race: { processes: [slow, quick], mode: any, on_pass: terminate } }`);
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(printed(ran, 'other')).toEqual(['1', '2', '3']);
    expect(ran.summary.nodes['slow']).toMatchObject({ outcome: 'terminated' });
    expect(ran.summary.queues['q']).toMatchObject({ redelivered: 0, left_over: 0 });
  });
});

test('an `each` that cannot even begin stops what starts together with it', async () => {
  const ran = await run(`
queues: { q: { from: [1] } }
processes:
  a: { each: q, run: cat, stdout: { file: missing/x } }
  b: { run: exec sleep 1000 }`);
  expect(ran.exitCode).toBe(1);
  expect(ran.summary.nodes['a']).toMatchObject({ outcome: 'failed', cause: expect.stringContaining('ENOENT') });
  expect(ran.summary.nodes['b']?.outcome).toMatch(/^(?:stopped|cancelled)$/);
});

describe('processes of an `each` that can never go on', () => {
  test('are found, though each of them has ended, where the queue they put to is full', async () => {
    const ran = await run(`
queues: { q: { from: [1, 2, 3], maxsize: 1 } }
processes:
  a: { each: q, workers: 2, run: 'for i in 1 2 3; do echo "$ITEM"; done', stdout: { queue: q, format: json } }`);
    expect(ran.exitCode).toBe(3);
    expect(ran.summary.reason).toContain('deadlock: `a.w1` and `a` wait for each other');
    // What their items would have made was given up, so they are not done.
    expect(ran.summary.queues['q']).toMatchObject({ put: 3, done: 0, left_over: 3 });
  });

  test('are found where they hold locks against each other', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2] } }
locks: { l: {}, m: {} }
processes: { a: { each: q, workers: 2, target: './f.py#f', args: ["\${{ item }}"], locks: [l, m] } }`,
      {
        'f.py': `import forkline, os, time
def f(n):
    one, two = ("l", "m") if n == 1 else ("m", "l")
    with forkline.lock(one):
        at = os.environ["FORKLINE_RUN_DIR"] + "/has-"
        open(at + one, "w").close()
        while not os.path.exists(at + two):
            time.sleep(0.001)
        with forkline.lock(two):
            pass
`,
      },
    );
    expect(ran.exitCode).toBe(3);
    expect(ran.summary.reason).toContain('deadlock: `a.w1` and `a.w2` wait for each other');
  });

  test('are none where one of them is to be tried again, or works at something else', async () => {
    const ran = await run(
      `
queues: { q: {} }
processes:
  a: { each: q, workers: 2, retry: { attempts: 1, delay: 1500ms }, run: '[ $FORKLINE_ATTEMPT = 2 ]' }
  b: { target: './f.ts#ask', puts: q }`,
      {
        'f.ts': `import { queue } from 'forkline'; export async function ask() {
          await queue('q').put(1); await queue('q').join(); console.log('all done'); }`,
      },
    );
    expect(ran.lines('b')).toEqual(['all done']);
    expect(ran.exitCode).toBe(0);
  });
});

describe('an `each` among others', () => {
  test('takes a slot for each of its items, and keeps nobody from starting by them', async () => {
    const at = '"$FORKLINE_RUN_DIR/at-$FORKLINE_PROCESS"';
    const count = `touch ${at}; ls "$FORKLINE_RUN_DIR" | grep -c ^at-; rm ${at}`;
    const ran = await run(`
slots: 3
queues: { q: { from: [${Array.from({ length: 40 }, (_, n) => n).join(', ')}] }, r: { maxsize: 2 } }
processes:
  a: { each: q, workers: 8, run: '${count}' }
  b: { each: q, workers: 8, run: '${count}', stdout: { queue: r } }
  c: { run: wc -l, stdin: { queue: r } }
  late: { run: '${count}', needs: { first: completed } }
  first: { run: '${count}' }`);
    expect(ran.summary.reason).toBe('everything succeeded');
    const counts = [...printed(ran, 'a'), ...ran.lines('late'), ...ran.lines('first')].map(Number);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(ran.summary.queues['q']).toMatchObject({ put: 40, done: 40 });
  });

  test('is one of those that wait for a single slot, and is stopped with items that have none', async () => {
    const ran = await run(
      `
slots: 1
queues: { q: {} }
processes:
  a: { each: q, workers: 4, run: 'echo at work; exec sleep 1000' }
  b: { run: 'seq 5', stdout: { queue: q } }`,
      {},
      { onLine: (line, signal) => line.endsWith('at work') && signal('SIGINT') },
    );
    expect(ran.exitCode).toBe(130);
    expect(printed(ran, 'a')).toEqual(['at work']);
    expect(ran.summary.queues['q']).toMatchObject({ put: 5, done: 0, left_over: 5 });
  });

  test('may be controlled by them, and its processes may control what it may', async () => {
    const ran = await run(
      `
queues: { q: { from: [1, 2, 3], leftover: ignore }, r: { from: [1] } }
processes:
  a: { each: q, workers: 2, run: 'echo at work; exec sleep 1000' }
  boss: { each: r, target: './f.py#stop', controls: a }`,
      {
        'f.py': `import forkline, os, time
def stop():
    a = forkline.process_of("a")
    while os.environ["FORKLINE_RUN_DIR"] and not a.is_alive():
        time.sleep(0.001)
    print(a.pid, a.is_alive(), flush=True)
    a.terminate()
    a.join()
    print(a.is_alive())
`,
      },
    );
    expect(ran.lines('boss.w1')).toEqual(['None True', 'False']);
    expect(ran.summary.nodes['a']).toMatchObject({ outcome: 'terminated', items: { done: 0 } });
    expect(ran.exitCode).toBe(0);
  });

  test('is a part of a pipeline that others use, with queues of theirs', async () => {
    const ran = await run(
      `
queues: { names: { from: [a, b, c], dead_letter: bad }, bad: { to: { json: bad.ndjson } }, made: { to: { json: made.ndjson } } }
processes: { part: { uses: ./part.yaml, connect: { work: names, out: made } } }`,
      {
        'part.yaml': `
queues: { work: { external: true }, out: { external: true } }
processes: { do: { each: work, workers: 2, run: '[ $ITEM != b ] && echo "\\"$ITEM\\""', stdout: { queue: out, format: json } } }`,
      },
    );
    expect(ran.summary.reason).toBe('everything succeeded');
    expect(ran.summary.nodes['part/do']?.items).toMatchObject({ done: 2, failed: 1 });
    expect(readFileSync(join(ran.folder, 'bad.ndjson'), 'utf8')).toBe('"b"\n');
    const made = readFileSync(join(ran.folder, 'made.ndjson'), 'utf8').trimEnd().split('\n');
    expect(made.sort()).toEqual(['"a"', '"c"']);
  });

  test('keeps secrets out of what is told of its items', async () => {
    const folder = workspace({
      'pipeline.yaml': `
secrets: [TOKEN]
queues: { q: { from: { lines: items.txt } } }
processes: { a: { each: q, command: ['true'] } }`,
      'items.txt': `with correct-horse-battery in it\n${'x'.repeat(190)}correct-horse-battery\n`,
    });
    process.env['TOKEN'] = 'correct-horse-battery';
    try {
      const ran = await runPipeline(join(folder, 'pipeline.yaml'));
      expect(ran.exitCode).toBe(0);
      expect(ran.read('events.ndjson')).not.toContain('correct-horse');
      expect(ran.events.flatMap((event) => (event.type === 'item.ended' ? [event.preview] : []))).toEqual([
        'with *** in it',
        '',
      ]);
    } finally {
      delete process.env['TOKEN'];
    }
  });
});
