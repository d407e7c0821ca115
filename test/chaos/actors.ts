// The same programs as in actors.py, in TypeScript: they do to queues, locks and pipes what a plan of run.mjs says, and write down
// what they see, a line before and after every call, with the time of the system's monotonic clock.
import { openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, isMainThread, threadId } from 'node:worker_threads';
import {
  BrokenPipe,
  BrokenQueue,
  Empty,
  EndOfFile,
  Full,
  LockTimeout,
  QueueAborted,
  QueueClosed,
  lock,
  pipe,
  queue,
} from 'forkline';

interface Config {
  readonly seed: number;
  readonly threads?: number;
  readonly lines?: number;
  readonly count: number;
  readonly queues: string[];
  readonly queue: string;
  readonly out?: string;
  readonly style: string;
  readonly ways?: string[];
  readonly order?: string;
  readonly overflow?: string;
  readonly bytes?: boolean;
  readonly size?: number;
  readonly pace?: number;
  readonly idle?: number;
  readonly poison?: number[] | string;
  readonly giveback?: number;
  readonly dead?: boolean;
  readonly flush?: boolean;
  readonly join?: boolean;
  readonly fail?: boolean;
  readonly depth: number;
  readonly fan: number;
  readonly locks: string[];
  readonly kinds: Record<string, string>;
  readonly pipe: string;
  readonly sizes: number[];
  readonly expect?: number;
}

type Random = () => number;

let file = -1;
let counted = 0;

function note(e: string, k: string, facts: object = {}): void {
  if (file < 0) {
    const { CHAOS_DIR, FORKLINE_PROCESS } = process.env;
    file = openSync(`${CHAOS_DIR}/${FORKLINE_PROCESS}.${process.pid}.ndjson`, 'a');
  }
  // A double is exact up to 2^53 nanoseconds, which is a hundred days.
  writeSync(file, `${JSON.stringify({ t: Number(process.hrtime.bigint()), e, k, ...facts })}\n`);
}

/** Each line of work in turn of the event loop with the others, in worker threads too. */
async function crew(role: string, cfg: Config, work: (random: Random, k: string) => Promise<void>): Promise<void> {
  if (isMainThread) note('start', `${process.pid}.0`);
  const workers = isMainThread ? (cfg.threads ?? 1) - 1 : 0;
  const ends = Array.from({ length: workers }, (_, n) => {
    const worker = new Worker(
      `const { workerData: w } = require('node:worker_threads'); import(w.url).then((m) => m[w.role]({ ...w.cfg, seed: w.seed }));`,
      {
        eval: true,
        workerData: { url: pathToFileURL(process.argv[1] as string).href, role, cfg, seed: cfg.seed + 1000 * (n + 1) },
      },
    );
    return new Promise<number>((resolve) => {
      worker.once('error', (error) => {
        note('error', `${process.pid}.w`, { what: String(error) });
        resolve(1);
      });
      worker.once('exit', resolve);
    });
  });
  const lines = Array.from({ length: cfg.lines ?? 1 }, async (_, n) => {
    const k = `${process.pid}.${threadId}.${n}`;
    try {
      await work(random(cfg.seed * 100 + n), k);
    } catch (error) {
      note('error', k, { what: String(error) });
      throw error;
    }
  });
  await Promise.all(lines);
  if ((await Promise.all(ends)).some((code) => code !== 0)) throw new Error('a worker failed');
  if (isMainThread) note('bye', `${process.pid}.0`);
}

function random(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T>(rng: Random, list: readonly T[]): T {
  return list[Math.floor(rng() * list.length)] as T;
}

async function pause(rng: Random, most = 0): Promise<void> {
  if (most > 0 && rng() < 0.5) await sleep(rng() * most);
}

function make(cfg: { size?: number }, k: string, n: number | string, poison = false): string {
  // Of no two items alike: what is of two of them shows.
  const letter = String.fromCharCode('a'.charCodeAt(0) + (Number(n) % 26 || 0));
  return `${k}.${n}${poison ? '!' : ''} ${letter.repeat(cfg.size ?? 0)}`;
}

function isTorn(text: string): boolean {
  const body = text.slice(text.indexOf(' ') + 1);
  return body !== (body[0] ?? '').repeat(body.length);
}

async function put(rng: Random, k: string, cfg: Partial<Config>, name: string, text: string): Promise<boolean> {
  const [id] = text.split(' ');
  const q = queue(name);
  const item = cfg.bytes ? Buffer.from(text) : text;
  const more =
    cfg.order === 'priority'
      ? { priority: Math.floor(rng() * 5) }
      : cfg.order === 'deque'
        ? { side: pick(rng, ['left', 'right'] as const) }
        : {};
  for (;;) {
    const way = pick(rng, cfg.ways ?? ['put']);
    note('put', k, { q: name, id, size: text.length });
    try {
      if (way === 'nowait') await q.putNowait(item, more);
      else if (way === 'timeout') await q.put(item, { timeout: pick(rng, [0, 1, 50]), ...more });
      else if (way === 'many') await q.putMany([item], more);
      else if (way === 'confirm') await q.put(item, { confirm: true, ...more });
      else await q.put(item, more);
    } catch (error) {
      if (error instanceof BrokenQueue) {
        note('broken', k, { q: name, id });
        return false;
      }
      if (!(error instanceof Full)) throw error;
      note('full', k, { q: name, id });
      if (cfg.overflow === 'fail') await sleep(2);
      continue;
    }
    note('put+', k, { q: name, id, sure: way === 'confirm' });
    return true;
  }
}

export async function produce(cfg: Config): Promise<void> {
  await crew('produce', cfg, async (rng, k) => {
    for (let n = 0; n < cfg.count; n++) {
      const poison = Array.isArray(cfg.poison) && cfg.poison.includes(n);
      if (!(await put(rng, k, cfg, pick(rng, cfg.queues), make(cfg, k, n, poison)))) return;
      await pause(rng, cfg.pace);
      if (cfg.flush && rng() < 0.02)
        for (const name of cfg.queues) {
          await queue(name).flush();
          note('flush+', k, { q: name });
        }
    }
    if (cfg.join)
      for (const name of cfg.queues) {
        await queue(name).join();
        note('join+', k, { q: name });
      }
  });
  if (cfg.fail) process.exit(7);
}

export async function consume(cfg: Config): Promise<void> {
  const name = cfg.queue;
  const handle = async (rng: Random, k: string, item: string | Buffer, more: object): Promise<string> => {
    const text = item.toString();
    const id = text.split(' ')[0] as string;
    note('got', k, { q: name, id, size: text.length, ...(isTorn(text) ? { torn: true } : {}), ...more });
    if (id.endsWith('!') && cfg.poison) {
      // Until the broker knows that this is what was taken.
      await sleep(50);
      note('poisoned', k, { q: name, id });
      if (cfg.poison === 'kill') process.kill(process.pid, 'SIGKILL');
      process.exit(9);
    }
    await pause(rng, cfg.pace);
    if (cfg.out) await put(rng, k, { ...cfg, order: '' }, cfg.out, `${make(cfg, k, ++counted)}<${id}`);
    return id;
  };
  await crew('consume', cfg, async (rng, k) => {
    const q = queue<string | Buffer>(name);
    try {
      if (cfg.style === 'loop') {
        note('ask', k, { q: name });
        for await (const item of q) {
          const id = await handle(rng, k, item, {});
          note('done', k, { q: name, id });
          note('ask', k, { q: name });
        }
        note('end', k, { q: name, how: 'closed' });
        return;
      }
      for (;;) {
        note('ask', k, { q: name });
        try {
          if (cfg.style === 'take') {
            const taken = await q.take(rng() < 0.3 ? { timeout: 20 } : {});
            const facts = { attempt: taken.attempt, redelivered: taken.redelivered };
            const dead = cfg.dead ? { reason: taken.reason, attempts: taken.attempts } : {};
            const id = await handle(rng, k, taken.value, { ...facts, ...dead });
            if (taken.attempt === 1 && rng() < (cfg.giveback ?? 0)) {
              note('back', k, { q: name, id });
              taken.giveBack();
            } else {
              note('done', k, { q: name, id });
              taken.done();
            }
            continue;
          }
          const item =
            cfg.style === 'timed'
              ? await q.get({ timeout: pick(rng, [0, 1, 30]) })
              : cfg.style === 'nowait'
                ? await q.getNowait()
                : await q.get();
          const id = await handle(rng, k, item, {});
          if (cfg.style !== 'plain') {
            note('done', k, { q: name, id });
            q.taskDone();
          }
        } catch (error) {
          if (!(error instanceof Empty)) throw error;
          note('empty', k, { q: name });
          if (cfg.style === 'nowait') await sleep(1);
        }
      }
    } catch (error) {
      if (error instanceof QueueAborted) note('end', k, { q: name, how: 'aborted' });
      else if (error instanceof QueueClosed) note('end', k, { q: name, how: 'closed' });
      else throw error;
    }
  });
}

/** Puts what it finds into the queue that it takes from. */
export async function crawl(cfg: Config): Promise<void> {
  const name = cfg.queue;
  await crew('crawl', cfg, async (rng, k) => {
    note('ask', k, { q: name });
    for await (const text of queue<string>(name)) {
      const id = text.split(' ')[0] as string;
      note('got', k, { q: name, id, size: text.length });
      const depth = text.length - id.length - 1;
      const found = depth > 0 ? cfg.fan : 0;
      for (let n = 0; n < found; n++)
        if (!(await put(rng, k, { ways: cfg.ways ?? ['put'] }, name, make({ size: depth - 1 }, k, ++counted)))) return;
      await pause(rng, cfg.pace);
      note('done', k, { q: name, id });
      note('ask', k, { q: name });
    }
    note('end', k, { q: name, how: 'closed' });
  });
}

/** The first item of a crawl. */
export async function seed(cfg: Config): Promise<void> {
  await crew('seed', cfg, async (rng, k) => void (await put(rng, k, cfg, cfg.queue, make({ size: cfg.depth }, k, 0))));
}

export async function takeLocks(cfg: Config): Promise<void> {
  await crew('takeLocks', cfg, async (rng, k) => {
    for (let n = 0; n < cfg.count; n++) {
      const name = pick(rng, cfg.locks);
      const kind = cfg.kinds[name];
      const mode = kind === 'rw' ? pick(rng, ['read', 'read', 'write'] as const) : 'write';
      const way = rng();
      note('want', k, { l: name, m: mode, forever: way >= 0.4 });
      const patience = way < 0.2 ? { timeout: pick(rng, [1, 20]) } : way < 0.4 ? { block: false } : {};
      try {
        const guard = await lock(name).acquire({ ...patience, ...(mode === 'read' ? { mode } : {}) });
        note('have', k, { l: name, m: mode, fence: guard.fence, abandoned: guard.abandoned });
        if (kind === 'reentrant' && rng() < 0.5) await (await lock(name).acquire()).release();
        await pause(rng, cfg.pace);
        note('free', k, { l: name });
        await guard.release();
        note('freed', k, { l: name });
        await pause(rng, cfg.idle);
      } catch (error) {
        if (!(error instanceof LockTimeout)) throw error;
        note('gaveup', k, { l: name });
      }
    }
  });
}

/** Sends and receives at once. */
export async function talk(cfg: Config): Promise<void> {
  const p = cfg.pipe;
  await crew('talk', cfg, async (rng, k) => {
    const line = pipe<string>(p);
    const sends = async (): Promise<void> => {
      try {
        for (let n = 0; n < cfg.count; n++) {
          const size = pick(rng, cfg.sizes);
          note('send', k, { p, n });
          await line.send(`${n} ${'x'.repeat(size)}`);
          note('send+', k, { p, n, size });
          await pause(rng, cfg.pace);
        }
      } catch (error) {
        if (!(error instanceof BrokenPipe)) throw error;
        note('pipebroken', k, { p });
      }
    };
    const sending = sends();
    try {
      for (let got = 0; cfg.expect === undefined || got < cfg.expect; got++) {
        const text = await line.recv();
        const space = text.indexOf(' ');
        note('recv', k, { p, n: Number(text.slice(0, space)), size: text.length - space - 1 });
      }
      await sending;
      await line.close();
    } catch (error) {
      if (!(error instanceof EndOfFile)) throw error;
      note('eof', k, { p });
      await sending;
    }
  });
}
