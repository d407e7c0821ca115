// Locks that processes hold as a whole, where others may have them, too: programs that take them, other runs, items.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runPipeline } from '../kit/run-pipeline.ts';

const program = `from forkline import lock, queue, ready
import os

def inside(name):
    os.mkdir(name)
    os.rmdir(name)

def take():
    for _ in range(20):
        with lock("l"):
            inside("room")

def keep():
    with lock("l"):
        ready()
        print(queue("q").get())

def told():
    with lock("l"):
        print(lock("l").abandoned)
`;

/** Fails where somebody else is in it. */
const room = 'mkdir room; sleep 0.02; rmdir room';

function write(yaml: string): { readonly file: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-holds-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'a.py'), program);
  const file = join(folder, 'x.yaml');
  writeFileSync(file, yaml);
  return { file, folder };
}

test('those who hold a lock and programs that take it are never in it together, and each has a fence of its own', async () => {
  const { file } = write(`
locks: { l: {} }
processes:
  taker: { target: ./a.py#take, locks: l, replicas: 2 }
  holder: { run: '${room}; echo $FORKLINE_FENCE_L $FORKLINE_ABANDONED_L', holds: l, replicas: 5 }`);
  const ran = await runPipeline(file);
  expect(ran.said).toContain('everything succeeded');
  const said = [1, 2, 3, 4, 5].flatMap((n) => ran.lines(`holder.${n}`));
  expect(new Set(said).size).toBe(5);
  for (const line of said) expect(line).toMatch(/^\d+ 0$/);
  expect(ran.events.filter(({ type }) => type === 'lock.abandoned')).toEqual([]);
  expect(ran.left).toEqual([]);
});

test('items of an `each` hold it one after the other, and beside them a process', async () => {
  const { file } = write(`
locks: { l: {} }
queues: { q: { from: [1, 2, 3, 4, 5, 6] } }
processes:
  worker: { run: '${room}', each: q, workers: 3, holds: l }
  holder: { run: '${room}', holds: l, replicas: 2 }`);
  const ran = await runPipeline(file);
  expect(ran.exitCode).toBe(0);
  expect(ran.summary.queues.q?.done).toBe(6);
});

test('who takes it after a holder that failed is told, and each attempt has it anew', async () => {
  const { file } = write(`
locks: { l: {} }
processes:
  fails: { run: 'echo $FORKLINE_FENCE_L; exit 3', holds: l, retry: 1, on_failure: ignore }
  next: { run: 'echo $FORKLINE_ABANDONED_L', holds: l, needs: { fails: completed } }
  told: { target: ./a.py#told, locks: l, needs: next }`);
  const ran = await runPipeline(file);
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('fails')).toEqual(['1', '2']);
  expect(ran.lines('next')).toEqual(['1']);
  expect(ran.lines('told')).toEqual(['False']);
  expect(ran.events.filter(({ type }) => type === 'lock.abandoned')).toHaveLength(2);
});

test('who waits for a lock that a program has holds no slot, and an item that does neither', async () => {
  const { file } = write(`
slots: 2
locks: { l: {} }
queues: { q: {}, from: { from: [1, 2] } }
processes:
  keeper: { target: ./a.py#keep, locks: l, gets: q, ready: { sdk: true } }
  holder: { run: '${room}', holds: l, needs: { keeper: ready } }
  worker: { run: '${room}', each: from, workers: 2, holds: l, needs: { keeper: ready } }
  feeder: { run: echo 1 | forkline put q, puts: q, needs: { keeper: ready } }`);
  const ran = await runPipeline(file);
  expect(ran.said).toContain('everything succeeded');
  expect(ran.summary.queues.from).toMatchObject({ done: 2 });
  expect(ran.left).toEqual([]);
});

test('a holder that waits for a program that waits for it is a deadlock', async () => {
  const { file } = write(`
locks: { l: {} }
queues: { q: {} }
processes:
  keeper: { target: ./a.py#keep, locks: l, gets: q, ready: { sdk: true } }
  holder: { run: echo 1 | forkline put q, holds: l, puts: q, needs: { keeper: ready } }`);
  const ran = await runPipeline(file);
  expect(ran.exitCode).toBe(3);
  const deadlock = ran.events.find(({ type }) => type === 'deadlock');
  expect(deadlock).toMatchObject({ circle: expect.arrayContaining(['keeper', 'holder']) as unknown });
  expect(ran.summary.nodes.holder?.outcome).toBe('cancelled');
  expect(ran.left).toEqual([]);
});

test('items that wait for a program that waits for what they put are a deadlock', async () => {
  const { file } = write(`
locks: { l: {} }
queues: { q: {}, from: { from: [1, 2, 3] } }
processes:
  keeper: { target: ./a.py#keep, locks: l, gets: q, ready: { sdk: true } }
  worker: { run: forkline put q 1, each: from, workers: 2, holds: l, puts: q, needs: { keeper: ready } }`);
  const ran = await runPipeline(file);
  expect(ran.exitCode).toBe(3);
  expect(ran.summary.queues.from).toMatchObject({ put: 3, done: 0 });
  expect(ran.left).toEqual([]);
});

test('one that could not be started, or was killed before it was, has broken nothing', async () => {
  const { file } = write(`
locks: { l: {}, a: {} }
queues: { q: {} }
processes:
  refused: { command: [/nowhere], holds: l, on_failure: ignore }
  told: { target: ./a.py#told, locks: l, needs: { refused: completed } }
  keeper: { target: ./a.py#keep, locks: l, gets: q, ready: { sdk: true }, needs: told }
  waits: { run: echo never, holds: [a, l], needs: { keeper: ready } }
  takes: { run: forkline lock a -- true, locks: a }
  feeder: { run: echo 1 | forkline put q, puts: q, needs: one }
  quick: { run: sleep 0.2, needs: { keeper: ready } }
joins:
  one: { processes: [quick, waits], mode: any, on_pass: terminate }`);
  const ran = await runPipeline(file);
  expect(ran.said).toContain('everything succeeded');
  expect(ran.lines('told')).toEqual(['False']);
  expect(ran.summary.nodes.waits).toMatchObject({ outcome: 'terminated', exitcode: null });
  expect(ran.events.filter(({ type }) => type === 'lock.abandoned')).toEqual([]);
});

test('a holder that is killed is told to whoever takes it next', async () => {
  const { file } = write(`
locks: { l: {} }
processes:
  killed: { run: kill -9 $$, holds: l, on_failure: ignore }
  told: { target: ./a.py#told, locks: l, needs: { killed: completed } }`);
  const ran = await runPipeline(file);
  expect(ran.lines('told')).toEqual(['True']);
});

test.runIf(process.platform === 'linux')('two runs hold a lock of the machine one after the other', async () => {
  const name = `h${process.pid}`;
  const { file, folder } = write(`
locks: { ${name}: { scope: host } }
processes:
  holder: { run: '${room}; echo $FORKLINE_FENCE_${name.toUpperCase()}', holds: ${name}, replicas: 4 }`);
  const runs = await Promise.all([runPipeline(file), runPipeline(file)]);
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const fences = runs.flatMap((ran) => [1, 2, 3, 4].flatMap((n) => ran.lines(`holder.${n}`)));
  expect(new Set(fences).size).toBe(8);
  expect(existsSync(join(folder, 'room'))).toBe(false);
});

test('who is interrupted while it waits never starts, and leaves nothing behind', async () => {
  const { file } = write(`
locks: { l: {} }
queues: { q: {} }
processes:
  keeper: { target: ./a.py#keep, locks: l, gets: q, ready: { sdk: true } }
  feeder: { run: sleep 600, puts: q }
  holder: { run: 'echo never', holds: l, needs: { keeper: ready } }
  shows: { run: 'sleep 0.2; echo now', needs: { keeper: ready } }`);
  const ran = await runPipeline(file, {
    onLine: (line, signal) => {
      if (line.includes('now')) signal('SIGINT');
    },
  });
  expect(ran.exitCode).toBe(130);
  expect(ran.summary.nodes.holder).toMatchObject({ outcome: 'cancelled' });
  expect(ran.left).toEqual([]);
});
