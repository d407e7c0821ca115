// What test/clients/perl/program.pl does, in TypeScript, for both to meet at the same channels.
import { readFileSync, writeFileSync } from 'node:fs';
import { inspect, isDeepStrictEqual } from 'node:util';
import { lock, pipe, queue } from 'forkline';

export async function count(to: string, name: string, number: number): Promise<void> {
  for (let next = 0; next < number; next += 1) await queue(to).put([name, next]);
}

export async function collect(from: string): Promise<void> {
  const came: Record<string, number> = {};
  const wrong: string[] = [];
  for await (const [name, number] of queue<[string, number]>(from)) {
    if (number !== (came[name] ?? 0)) wrong.push(`${name} ${number}`);
    came[name] = number + 1;
  }
  const sorted = Object.fromEntries(Object.entries(came).toSorted());
  console.log(JSON.stringify({ came: sorted, wrong }));
}

export async function grow(from: string, leaves: string): Promise<void> {
  for await (const number of queue<number>(from)) {
    if (number === 0) await queue(leaves).put(0);
    else await queue<number>(from).putMany([number - 1, number - 1]);
  }
}

export async function add(name: string, file: string, times: number): Promise<void> {
  let last = 0;
  let wrong = 0;
  for (let time = 0; time < times; time += 1) {
    await lock(name).with(async (guard) => {
      if (guard.fence <= last) wrong += 1;
      last = guard.fence;
      writeFileSync(file, `${Number(readFileSync(file, 'utf8')) + 1}\n`);
    });
  }
  console.log(wrong);
}

export async function ask(name: string, ...sizes: number[]): Promise<void> {
  await using line = pipe<string>(name);
  for (const size of sizes) {
    const message = 'x'.repeat(size);
    await line.send(message);
    console.log((await line.recv()) === message ? `the same ${size}` : 'another');
  }
}

const values = [
  null,
  true,
  0,
  -1.5,
  9007199254740991,
  '',
  'p\u{e4}ckli \u0000 包子',
  [],
  [1, [2, { a: {} }]],
  { ä: '"\\' },
];

/** Puts values of every kind and takes them as they come back. */
export async function exchange(to: string, from: string): Promise<void> {
  console.log(await echoed(to, from, values));
}

export async function exchangeText(to: string, from: string): Promise<void> {
  console.log(await echoed(to, from, ['', 'päckli \u0000 包子', 'line\nfeed', 'x'.repeat(100_000)]));
}

export async function exchangeBytes(to: string, from: string): Promise<void> {
  const bytes = [Buffer.alloc(0), Buffer.from([0, 255, 128, 10, 13]), Buffer.alloc(100_000, 7)];
  console.log(await echoed(to, from, bytes));
}

async function echoed(to: string, from: string, sent: readonly unknown[]): Promise<string> {
  await queue(to).putMany(sent);
  await queue(to).close();
  const back: unknown[] = [];
  for await (const value of queue(from)) back.push(value);
  return isDeepStrictEqual(back, sent) ? 'the same' : inspect(back);
}

/** Leaves a stream behind that is not whole. */
export async function failing(to: string): Promise<void> {
  await queue(to).putMany([1, 2, 3]);
  await queue(to).flush();
  throw new Error('on purpose');
}
