// What Forkline promises whatever happens, each through the real binary with real processes.
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { binary, runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

test('consumers that are killed with SIGKILL while they hold items lose none of them', async () => {
  const ran = await runPipeline(`${programs}killed-consumers.yaml`);
  for (const victim of ['victim_ts', 'victim_py']) {
    expect(ran.summary.nodes[victim]).toMatchObject({ outcome: 'failed', exitcode: -9, signal: 'SIGKILL' });
  }
  const count = Number(ran.lines('producer')[0]);
  const done = [1, 2, 3].flatMap((worker) => ran.lines(`worker.${worker}`).map(Number));
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, item) => item));
  expect(ran.summary.queues['items']).toMatchObject({ put: count, done: count, left_over: 0 });
  expect(ran.summary.queues['items']?.redelivered).toBeGreaterThanOrEqual(6);
  expect(ran.exitCode).toBe(1);
  expect(ran.left).toEqual([]);
});

test('a tool that is killed with SIGKILL while it reads from a queue loses nothing of what it was fed', async () => {
  const ran = await runPipeline(`${programs}killed-tool.yaml`);
  expect(ran.summary.nodes['tool.2']).toMatchObject({ outcome: 'failed', exitcode: -9 });
  const passedOn = ran.lines('collect').map(Number);
  const count = Math.max(...passedOn);
  expect(passedOn.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(ran.summary.queues['numbers']).toMatchObject({ put: count, done: count, left_over: 0 });
  expect(ran.summary.queues['numbers']?.redelivered).toBeGreaterThanOrEqual(5);
  expect(ran.summary.nodes['collect']).toMatchObject({ outcome: 'failed', cause: 'its input broke off' });
  expect(ran.exitCode).toBe(1);
  expect(ran.left).toEqual([]);
});

test.each([
  ['alice', 'bob', '0'],
  ['bob', 'alice', '0.1'],
])(
  'when %s is killed with SIGKILL in the midst of talking, %s receives what was sent, in order, and then the end of file',
  async (victim, other, after) => {
    const ran = await runPipeline(`${programs}killed-pipe.yaml`, { params: { victim, after } });
    expect(ran.summary.nodes[victim]).toMatchObject({ outcome: 'failed', signal: 'SIGKILL' });
    const said = /^sent (\d+), then BrokenPipe received (\d+), then EndOfFile$/.exec(ran.lines(other).join('\n'));
    expect(said).not.toBeNull();
    const counts = ran.summary.pipes['line'];
    expect(counts?.[other]?.sent).toBe(Number(said?.[1]));
    expect(counts?.[victim]).toEqual({ sent: Number(said?.[2]), received: Number(said?.[2]) });
    expect(ran.exitCode).toBe(0);
    expect(ran.left).toEqual([]);
  },
);

test('a queue never holds more than `maxsize` items for a consumer slower than its producer, whatever their languages', async () => {
  const ran = await runPipeline(`${programs}slow-consumers.yaml`);
  expect(ran.summary.success).toBe(true);
  for (const [name, fast, slow] of [
    ['there', 'fast_ts', 'slow_py'],
    ['back', 'fast_py', 'slow_ts'],
  ] as const) {
    const puts = ran.lines(fast).map(BigInt);
    const gets = ran.lines(slow).map(BigInt);
    expect([puts.length, gets.length]).toEqual([150, 150]);
    expect(mostWaiting(puts, gets)).toBeLessThanOrEqual(7);
    expect(ran.summary.queues[name]).toMatchObject({ put: 150, done: 150, peak: 7 });
  }
});

test('what children that a program makes for itself put arrives whole, however they are ended', async () => {
  const ran = await runPipeline(`${programs}children.yaml`);
  expect(ran.summary.reason).toBe('everything succeeded');
  expect(ran.lines('consumer')).toEqual(["['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'child', 'parent']"]);
});

test('what is written where nobody takes it fails its writer, and is not lost in silence', async () => {
  const ran = await runPipeline(`${programs}nobody-takes.yaml`);
  expect(ran.exitCode).toBe(1);
  expect(ran.summary.nodes['writer']).toMatchObject({
    outcome: 'failed',
    exitcode: 0,
    cause: 'its output was closed: no process is left that takes from queue `lines`',
  });
});

test('programs that `command` and `run` start find the SDK by themselves: CommonJS, and Python', async () => {
  const folder = workspace({
    'put.cjs': `const { queue } = require('forkline');
      (async () => { for (const word of ['a', 'b']) await queue('words').put(word); })();`,
    'pipeline.yaml': `queues: { words: {} }
processes:
  put: { command: [node, put.cjs], puts: words }
  get:
    run: |
      python3 -c 'from forkline import queue; print(*queue("words"))'
    gets: words`,
  });
  const ran = await runPipeline(join(folder, 'pipeline.yaml'));
  expect(ran.lines('get')).toEqual(['a b']);
  expect(ran.exitCode).toBe(0);
});

test('a program may make thousands of calls at once, and is not taken for one that floods', async () => {
  const folder = workspace({
    'calls.ts': `import { lock, output, processOf, queue } from 'forkline';
      const times = <T>(count: number, call: (index: number) => Promise<T>) =>
        Promise.all(Array.from({ length: count }, (_, index) => call(index)));
      export async function many() {
        const numbers = queue<number>('numbers');
        let held = 0;
        await Promise.all([
          times(20_000, () => lock('mutex').with(() => void (held += 1))),
          times(3000, async (index) => {
            await numbers.put(index);
            await numbers.qsize();
            await numbers.join();
          }),
          times(3000, (index) => output('last', index)),
          times(20_000, () => processOf('take').join('1ms')),
        ]);
        console.log(held);
      }
      export async function take() {
        for await (const _ of queue('numbers'));
      }`,
    'pipeline.yaml': `queues: { numbers: {} }
locks: { mutex: {} }
processes:
  many: { target: calls.ts#many, puts: numbers, locks: mutex, outputs: [last], controls: take }
  take: { target: calls.ts#take, gets: numbers }`,
  });
  const ran = await runPipeline(join(folder, 'pipeline.yaml'));
  expect(ran.said).toContain('everything succeeded');
  expect(ran.lines('many')).toEqual(['20000']);
  expect(ran.summary.nodes['many']?.outputs).toEqual({ last: 2999 });
  expect(ran.summary.queues['numbers']).toMatchObject({ put: 3000, done: 3000 });
});

test('what was written to a process that then failed is told, for it counts as done', async () => {
  const folder = workspace({
    'pipeline.yaml': `queues: { words: { encoding: text, from: [a, b, c] } }
processes:
  reader: { run: cat; exit 3, stdin: { queue: words }, on_failure: ignore }`,
  });
  const ran = await runPipeline(join(folder, 'pipeline.yaml'));
  expect(ran.summary).toMatchObject({ exitCode: 0, queues: { words: { put: 3, done: 3, left_over: 0 } } });
  const message =
    'it failed after 3 items of queue `words` had been written to it, which count as done: with `done: exit` they would go back';
  expect(ran.events).toContainEqual(
    expect.objectContaining({ type: 'warning', node: 'reader', queue: 'words', message }),
  );
  expect(ran.said).toContain(message);
});

test('a writer that SIGPIPE ends because its reader had enough has succeeded, where what is left may go', async () => {
  const ran = await runPipeline(`${programs}enough-taken.yaml`);
  expect(ran.lines('reader')).toEqual(['y']);
  expect(ran.summary.nodes['writer']).toMatchObject({ outcome: 'succeeded', exitcode: -13 });
  expect(ran.exitCode).toBe(0);
});

test('`forkline check` names ten mistakes, each at its line and column', async () => {
  const { exitCode, stdout } = await execa(
    'node',
    [binary, 'check', `${programs}ten-mistakes.yaml`, '--format', 'json'],
    { reject: false },
  );
  expect(exitCode).toBe(2);
  const findings = JSON.parse(stdout) as { code: string; line: number; column: number }[];
  expect(findings.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual([
    '6:36 bad-param',
    '9:22 schema',
    '10:3 queue-without-producer',
    '14:13 missing-file',
    '15:20 unknown-name',
    '17:16 unsafe-interpolation',
    '18:5 schema',
    '22:12 dependency-cycle',
    '29:14 schema',
    '37:24 daemon-joined',
  ]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s leaves nothing behind, not even what does not want to go', async (name, exitCode) => {
  let ready = 0;
  const ran = await runPipeline(`${programs}stubborn.yaml`, {
    onLine: (line, signal) => {
      if (line.endsWith('ready') && ++ready === 6) signal(name);
    },
  });
  expect(ready).toBe(6);
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.left).toEqual([]);
});

test.each([10, 1024])('a million items of %d bytes take no more memory than a hundred thousand', async (bytes) => {
  const ran = await runPipeline(`${programs}memory.yaml`, { params: { bytes } });
  expect(ran.summary.success).toBe(true);
  const [tenth, whole] = ran.lines('consumer').map((line) => JSON.parse(line) as Memory);
  expect([tenth?.taken, whole?.taken]).toEqual([100_000, 1_000_000]);
  // What the broker has read and passed on is tidied up in lots: its memory goes up and down by as much.
  const bounds = { runner: 20_000, broker: 48_000, producer: 20_000, consumer: 20_000 };
  for (const [name, bound] of Object.entries(bounds)) {
    const grown = Number(whole?.kilobytes[name]) - Number(tenth?.kilobytes[name]);
    expect(grown, `kilobytes that the ${name} has grown by`).toBeLessThan(bound);
  }
});

test('a file of a hundred megabytes runs through two workers into another, and takes no memory', async () => {
  const folder = workspace();
  const [input, output] = ['in.txt', 'out.ndjson'].map((name) => join(folder, name)) as [string, string];
  const count = 100_000;
  writeLines(input, count, (number) => `${number} ${'x'.repeat(1000)}`);
  const ran = await runPipeline(`${programs}large-file.yaml`, { params: { input, output } });
  expect(ran.summary.reason).toBe('everything succeeded');
  for (const queue of ['lines', 'numbers']) {
    expect(ran.summary.queues[queue]).toMatchObject({ put: count, taken: count, done: count, left_over: 0 });
  }
  const numbers = readFileSync(output, 'utf8').trimEnd().split('\n').map(Number);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, number) => number));
  const [early, ...later] = ran.lines('worker.1').map((line) => JSON.parse(line) as Memory['kilobytes']);
  for (const name of ['runner', 'broker']) {
    const most = Math.max(...later.map((kilobytes) => Number(kilobytes[name])));
    // Two thirds of the file: a broker that kept what it reads would grow by all of it.
    expect(most - Number(early?.[name]), `kilobytes that the ${name} has grown by`).toBeLessThan(64_000);
  }
  expect(later.length).toBeGreaterThan(0);
});

test('a line that is no item stops the run, which says in which file and line it is', async () => {
  const folder = workspace({ 'in.ndjson': '1\n2\n{\n' });
  const ran = await runPipeline(`${programs}broken-file.yaml`, { params: { folder } });
  expect(ran.exitCode).toBe(1);
  expect(ran.summary.reason).toContain(
    `the \`from\` of queue \`numbers\` failed: \`${folder}/in.ndjson\`: line 3 is not JSON`,
  );
  expect(ran.events).toContainEqual(
    expect.objectContaining({ type: 'queue.supplied', queue: 'numbers', items: 2, whole: false }),
  );
  expect(ran.summary.nodes['later']?.outcome).not.toBe('succeeded');
  expect(readFileSync(`${folder}/out.txt.partial`, 'utf8')).toBe('1\n2\n');
  expect(existsSync(`${folder}/out.txt`)).toBe(false);
  expect(ran.left).toEqual([]);
});

test('Ctrl-C while a file is on its way into another leaves what came under its partial name', async () => {
  const folder = workspace();
  writeLines(join(folder, 'in.ndjson'), 1_000_000, String);
  const ran = await runPipeline(`${programs}broken-file.yaml`, {
    params: { folder },
    onLine: (line, signal) => {
      if (line.endsWith('ready')) signal('SIGINT');
    },
  });
  expect(ran.exitCode).toBe(130);
  const lines = readFileSync(`${folder}/out.txt.partial`, 'utf8').split('\n').slice(0, -1);
  expect(lines).toEqual(lines.map((_, index) => String(index)));
  expect(ran.summary.queues['numbers']).toMatchObject({ done: lines.length });
  expect(existsSync(`${folder}/out.txt`)).toBe(false);
  expect(ran.left).toEqual([]);
});

function writeLines(file: string, count: number, line: (number: number) => string): void {
  const descriptor = openSync(file, 'w');
  for (let from = 0; from < count; from += 1000) {
    const some = Array.from({ length: Math.min(1000, count - from) }, (_, index) => `${line(from + index)}\n`);
    writeSync(descriptor, some.join(''));
  }
  closeSync(descriptor);
}

/** What test/programs/memory.ts prints. */
interface Memory {
  readonly taken: number;
  readonly kilobytes: Readonly<Record<string, number>>;
}

/** By the programs' own clocks, at the least: an item is there from when it was put until it may have been taken. */
function mostWaiting(put: readonly bigint[], taken: readonly bigint[]): number {
  const changes = [...put.map((at) => ({ at, by: 1 })), ...taken.map((at) => ({ at, by: -1 }))];
  let waiting = 0;
  let most = 0;
  for (const { by } of changes.sort((a, b) => (a.at < b.at ? -1 : 1))) {
    waiting += by;
    most = Math.max(most, waiting);
  }
  return most;
}
