// `stdin: {process: P}` through the real binary: bytes, ends, SIGPIPE and failures of real processes in chains.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Event, NodeEnded } from '../../src/run/event.ts';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

interface Ran {
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly summary: Summary;
  /** Outcome, exit code and cause, by process. */
  readonly ends: Readonly<Record<string, readonly [string, number | null, string?]>>;
  /** In the order of the events. */
  readonly order: readonly string[];
  log(node: string): string;
}

async function run(processes: string, files: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const folder = workspace({ ...files, 'pipeline.yaml': processes });
  const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run']);
  const read = (file: string): string => readFileSync(join(folder, 'run', file), 'utf8');
  const summary = JSON.parse(read('summary.json')) as Summary;
  const ended = read('events.ndjson')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
    .filter((event): event is NodeEnded => event.type === 'node.ended');
  const ends = Object.fromEntries(
    ended.map(({ node, outcome, exitcode, cause }) => [
      node,
      [outcome, exitcode, ...(cause === undefined ? [] : [cause])] as const,
    ]),
  ) as Ran['ends'];
  return {
    exitCode,
    stderr,
    summary,
    ends,
    order: ended.map(({ node }) => node),
    log: (node) => (existsSync(join(folder, 'run/logs', `${node}.log`)) ? read(`logs/${node}.log`) : ''),
  };
}

const brokeOff = 'its input broke off';

describe('what one writes', () => {
  it('arrives whole at the end of a chain, and nothing of it in a log', async () => {
    const { exitCode, log, ends } = await run(`processes:
  a: { run: head -c 50000000 /dev/zero }
  b: { command: [cat], stdin: { process: a } }
  c: { command: [cat], stdin: { process: b } }
  d: { run: wc -c, stdin: { process: c } }`);
    expect(exitCode).toBe(0);
    expect(log('d').trim()).toBe('50000000');
    expect([log('a'), log('b'), log('c')]).toEqual(['', '', '']);
    expect(ends).toEqual({ a: ['succeeded', 0], b: ['succeeded', 0], c: ['succeeded', 0], d: ['succeeded', 0] });
  });

  it('may be opened by name, as in a shell, and its stderr goes to the log', async () => {
    const { exitCode, log } = await run(`processes:
  a: { run: "echo err >/dev/stderr; echo out >/dev/stdout" }
  b: { run: "cat /dev/stdin", stdin: { process: a } }`);
    expect({ exitCode, a: log('a'), b: log('b') }).toEqual({ exitCode: 0, a: 'err\n', b: 'out\n' });
  });

  it('is written by one side and read by the other in any language', async () => {
    const { exitCode, log } = await run(
      `processes:
  a: { target: "./a.py#say" }
  b: { target: "./b.ts#hear", stdin: { process: a } }`,
      {
        'a.py': 'def say():\n  for n in range(100000): print(n)\n',
        'b.ts': `export async function hear() {
  let sum = 0;
  for await (const bytes of process.stdin) sum += bytes.length;
  console.log(sum);
}`,
      },
    );
    expect({ exitCode, sum: log('b') }).toEqual({ exitCode: 0, sum: '588890\n' });
  });
});

describe('who has had enough', () => {
  it('ends those before it by SIGPIPE, which is their success', async () => {
    const { exitCode, ends, order, log } = await run(`processes:
  a: { command: ["yes"] }
  b: { command: [cat], stdin: { process: a } }
  c: { command: [head, -n, "2"], stdin: { process: b } }`);
    expect(exitCode).toBe(0);
    expect(log('c')).toBe('y\ny\n');
    expect(ends).toEqual({
      a: ['succeeded', -13, '`b`, which read its output, had enough of it'],
      b: ['succeeded', -13, '`c`, which read its output, had enough of it'],
      c: ['succeeded', 0],
    });
    expect(order).toEqual(['c', 'b', 'a']);
  });

  it('is done at once, and whoever needs it starts, however long the other goes on', async () => {
    const { exitCode, ends } = await run(`processes:
  a: { run: "echo ready; until [ -e go ]; do sleep 0.01; done" }
  b: { command: [grep, -m1, ready], stdin: { process: a } }
  c: { run: "touch go", needs: b }`);
    expect(exitCode).toBe(0);
    expect(ends['a']).toEqual(['succeeded', 0]);
  });

  it('may be a reader of a daemon, which has then finished', async () => {
    const { exitCode, ends, stderr } = await run(`processes:
  b: { command: [head, -n, "1"], stdin: { process: d } }
  c:
    run: |
      until grep -q '"node.ended","node":"d"' "$FORKLINE_RUN_DIR/events.ndjson"; do sleep 0.02; done
    needs: b
daemons:
  d: { command: ["yes"] }
  e: { run: "while sleep 0.01; do echo x; done" }
  f: { command: [cat], stdin: { process: e } }`);
    expect(stderr).toContain('stream-never-ends');
    expect(exitCode).toBe(0);
    expect(ends['d']?.slice(0, 2)).toEqual(['finished', -13]);
    expect(ends['e']?.[0]).toBe('stopped');
    expect(['finished', 'stopped']).toContain(ends['f']?.[0]);
  });

  it('and fails, fails those before it', async () => {
    const { exitCode, ends } = await run(`processes:
  a: { command: ["yes"], on_failure: continue }
  b: { run: "head -n 1; exit 4", stdin: { process: a }, on_failure: continue }
  c: { command: ["yes"] }
  d: { run: "head -n 1; exit 4", stdin: { process: c }, on_failure: ignore }`);
    expect(exitCode).toBe(1);
    expect(ends).toEqual({
      a: ['failed', -13, '`b`, which read its output, failed'],
      b: ['failed', 4],
      c: ['succeeded', -13, '`d`, which read its output, had enough of it'],
      d: ['failed', 4],
    });
  });

  it('on purpose is no failure of those before it', async () => {
    const { exitCode, ends } = await run(`processes:
  a: { command: ["yes"] }
  b: { run: "exec sleep 1000", stdin: { process: a } }
  c:
    run: |
      until [ "$(grep -c '"node.started","node":"[ab]"' "$FORKLINE_RUN_DIR/events.ndjson")" = 2 ]; do sleep 0.02; done
joins:
  j: { processes: [b, c], mode: any, on_pass: terminate }`);
    expect(exitCode).toBe(0);
    expect(ends['a']).toEqual(['terminated', -13, '`b`, which read its output, was terminated']);
  });
});

describe('who fails', () => {
  it('fails all those after it, though they end with 0, and none of them first', async () => {
    const { exitCode, ends, order } = await run(`processes:
  a: { run: "echo half; exit 3", on_failure: continue }
  b: { command: [cat], stdin: { process: a }, on_failure: continue }
  c: { command: [cat], stdin: { process: b }, on_failure: continue }`);
    expect(exitCode).toBe(1);
    expect(ends).toEqual({ a: ['failed', 3], b: ['failed', 0, brokeOff], c: ['failed', 0, brokeOff] });
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('after it has closed its output has told half a stream too', async () => {
    const { ends } = await run(`processes:
  a: { run: "echo half; exec >&-; sleep 0.3; exit 3", on_failure: continue }
  b: { command: [cat], stdin: { process: a }, on_failure: continue }`);
    expect(ends).toEqual({ a: ['failed', 3], b: ['failed', 0, brokeOff] });
  });

  it('ends the stream as if whole where that is ignored', async () => {
    const { exitCode, ends } = await run(`processes:
  a: { run: "echo half; exit 3", on_failure: ignore }
  b: { command: [cat], stdin: { process: a } }`);
    expect(exitCode).toBe(0);
    expect(ends['b']).toEqual(['succeeded', 0]);
  });

  it('by a SIGPIPE that its reader has nothing to do with has failed', async () => {
    const { ends } = await run(`processes:
  a: { run: "echo half; kill -PIPE $$", on_failure: continue }
  b: { run: "cat; sleep 0.3", stdin: { process: a }, on_failure: continue }`);
    expect(ends).toEqual({ a: ['failed', -13], b: ['failed', 0, brokeOff] });
  });

  it('to start leaves the others with an end of file, or nobody to write to', async () => {
    const { exitCode, ends } = await run(`processes:
  a: { command: ["yes"], on_failure: continue }
  b: { command: [no-such-program], stdin: { process: a }, on_failure: continue }
  c: { command: [cat], stdin: { process: b }, on_failure: continue }`);
    const missing = 'there is no program `no-such-program`';
    expect(exitCode).toBe(1);
    expect(ends).toEqual({
      a: ['failed', -13, '`b`, which read its output, failed'],
      b: ['failed', null, missing],
      c: ['failed', 0, brokeOff],
    });
  });
});

it('one that is skipped takes those with it that it is piped to', async () => {
  const { exitCode, ends } = await run(`processes:
  a: { command: ["yes"] }
  b: { command: [cat], stdin: { process: a }, if: "run.id == ''" }
  c: { command: [cat], stdin: { process: b } }
  d: { run: echo d, needs: { c: completed } }`);
  const cause = '`b`, which a pipe joins it to, was skipped';
  expect(exitCode).toBe(0);
  expect(ends).toEqual({
    a: ['skipped', null, cause],
    b: ['skipped', null, 'its `if` is false'],
    c: ['skipped', null, cause],
    d: ['succeeded', 0],
  });
});

it.runIf(process.platform === 'linux')(
  'nobody else holds an end of a pipe, neither Forkline nor what starts beside it',
  async () => {
    const { exitCode, log } = await run(
      `queues: { q: {} }
processes:
  a: { run: "until [ -e done ]; do sleep 0.01; done; echo end" }
  b: { command: [node, look.mjs], stdin: { process: a } }
  c: { command: [cat], stdin: { process: b } }
  other: { run: "until [ -e done ]; do sleep 0.01; done", replicas: 20 }
  put: { run: echo x, stdout: { queue: q } }
  get: { command: [cat], stdin: { queue: q } }`,
      {
        'look.mjs': `import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
const attempt = (get) => { try { return get(); } catch { return null; } };
const pipes = { stdin: readlinkSync('/proc/self/fd/0'), stdout: readlinkSync('/proc/self/fd/1') };
const groupOf = (pid) => attempt(() => readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ')[1].split(' ')[2]);
const nameOf = (pid) => attempt(() => /FORKLINE_PROCESS=([^\\0]*)/.exec(readFileSync('/proc/' + pid + '/environ', 'latin1'))?.[1]);
const look = () => {
  const found = new Set();
  for (const pid of readdirSync('/proc').filter((name) => Number(name) > 0))
    for (const fd of attempt(() => readdirSync('/proc/' + pid + '/fd')) ?? [])
      for (const [stream, link] of Object.entries(pipes))
        if (attempt(() => readlinkSync('/proc/' + pid + '/fd/' + fd)) === link)
          found.add([stream, nameOf(pid) ?? nameOf(groupOf(pid)) ?? 'pid ' + pid, Number(fd) < 3 ? fd : '3 or more'].join(' '));
  return found;
};
// One that is being started has all ends until it is another program; whoever keeps one has it for good.
let found = look();
for (let looks = 0; looks < 1000 && found.size !== 4; looks += 1) found = look();
writeFileSync('done', '');
console.log([...found].sort().join('\\n'));
`,
      },
    );
    expect(exitCode).toBe(0);
    expect(log('c')).toBe('stdin a 1\nstdin b 0\nstdout b 1\nstdout c 0\n');
  },
);
