// `node test/chaos/puzzles.mjs [--only NAME]`: processes that wait for each other for ever, in all the ways that strangers think of. Each run
// has to end with exit code 3 and a report that names exactly those that are stuck, and what each of them waits for.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    'at-once': { type: 'string', default: '3' },
    home: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
  },
});

/** `ts[…]` and `py[…]` play these steps of test/programs/puzzle.*. `waits` is who waits, doing what, at which channel. */
const puzzles = {
  'three in a ring of full queues': {
    yaml: `
queues: { x: { maxsize: 1 }, y: { maxsize: 1 }, z: { maxsize: 1 } }
processes:
  a: { ts[put x, put x, get z], puts: x, gets: z }
  b: { py[put y, put y, get x], puts: y, gets: x }
  c: { ts[put z, put z, get y], puts: z, gets: y }`,
    waits: ['a put x', 'b put y', 'c put z'],
  },
  'five philosophers': {
    yaml: `
locks: { f1: {}, f2: {}, f3: {}, f4: {}, f5: {} }
processes:
  p1: { ts[lock f1, meet t 5, lock f2], locks: [f1, f2] }
  p2: { py[lock f2, meet t 5, lock f3], locks: [f2, f3] }
  p3: { ts[lock f3, meet t 5, lock f4], locks: [f3, f4] }
  p4: { py[lock f4, meet t 5, lock f5], locks: [f4, f5] }
  p5: { ts[lock f5, meet t 5, lock f1], locks: [f5, f1] }`,
    waits: ['p1 acquire f2', 'p2 acquire f3', 'p3 acquire f4', 'p4 acquire f5', 'p5 acquire f1'],
  },
  'a lock around a get': {
    yaml: `
queues: { q: {} }
locks: { l: {} }
processes:
  a: { py[lock l, meet t 2, get q], gets: q, locks: l }
  b: { ts[meet t 2, lock l, put q], puts: q, locks: l }`,
    waits: ['a get q', 'b acquire l'],
  },
  'a lock around a join': {
    yaml: `
queues: { q: {} }
locks: { l: {} }
processes:
  a: { ts[lock l, put q, join q], puts: q, locks: l }
  b: { py[get q, lock l], gets: q, locks: l }`,
    waits: ['a join q', 'b acquire l'],
  },
  'two permits, each of two has one and wants another': {
    yaml: `
locks: { s: { permits: 2 } }
processes:
  a: { ts[lock s, meet t 2, lock s], locks: s }
  b: { py[lock s, meet t 2, lock s], locks: s }`,
    waits: ['a acquire s', 'b acquire s'],
  },
  'two readers want to write': {
    yaml: `
locks: { r: { kind: rw } }
processes:
  a: { py[read r, meet t 2, lock r], locks: r }
  b: { ts[read r, meet t 2, lock r], locks: r }`,
    waits: ['a acquire r', 'b acquire r'],
  },
  'a reader wants to write, alone': {
    yaml: `
locks: { r: { kind: rw } }
processes:
  a: { py[read r, lock r], locks: r }
  free: { run: sleep 9 }`,
    waits: ['a acquire r'],
  },
  'a lock taken twice': {
    yaml: `
locks: { l: {} }
processes:
  a: { ts[lock l, lock l], locks: l }
  free: { ts[sleep 9000] }`,
    waits: ['a acquire l'],
  },
  'two that listen': {
    yaml: `
pipes: { p: [a, b] }
processes:
  a: { ts[recv p] }
  b: { py[recv p] }`,
    waits: ['a receive p', 'b receive p'],
  },
  'two that talk and do not listen': {
    yaml: `
pipes: { p: [a, b] }
processes:
  a: { py[send p 900000, send p 900000, recv p] }
  b: { ts[send p 900000, send p 900000, recv p] }`,
    waits: ['a send p', 'b send p'],
  },
  'a pipe and a lock': {
    yaml: `
pipes: { p: [a, b] }
locks: { l: {} }
processes:
  a: { py[lock l, meet t 2, recv p], locks: l }
  b: { ts[meet t 2, lock l, send p], locks: l }`,
    waits: ['a receive p', 'b acquire l'],
  },
  'a taker that joins what it has not done': {
    yaml: `
queues: { q: {} }
processes:
  a: { py[put q], puts: q }
  b: { ts[get q, join q], gets: q }`,
    waits: ['b join q'],
  },
  'a shell that waits for its child': {
    yaml: `
locks: { l: {}, m: {} }
processes:
  a: { run: 'python3 -c "import sys; sys.path.insert(0, \\"${here}/../programs\\"); from puzzle import play; play(\\"lock l\\", \\"meet t 2\\", \\"lock m\\")"; true', locks: [l, m] }
  b: { ts[lock m, meet t 2, lock l], locks: [l, m] }`,
    waits: ['a acquire m', 'b acquire l'],
  },
  'a forked child': {
    yaml: `
queues: { q: {} }
locks: { l: {} }
processes:
  a: { py-child[lock l, meet t 2, get q], gets: q, locks: l }
  b: { py[meet t 2, lock l, put q], puts: q, locks: l }`,
    waits: ['a get q', 'b acquire l'],
  },
  threads: {
    yaml: `
queues: { q: {} }
locks: { l: {}, m: {} }
processes:
  a: { py-threads[lock l; meet t 3; lock m, meet t 3; get q], gets: q, locks: [l, m] }
  b: { ts[lock m, meet t 3, lock l, put q], puts: q, locks: [l, m] }`,
    waits: ['a acquire m', 'a get q', 'b acquire l'],
  },
  'a full queue of priorities': {
    yaml: `
queues: { x: { maxsize: 1, order: priority }, y: { maxsize: 1, order: lifo } }
processes:
  a: { ts[put x, put x, get y], puts: x, gets: y }
  b: { py[put y, put y, get x], puts: y, gets: x }`,
    waits: ['a put x', 'b put y'],
  },
  'items that are judged': {
    yaml: `
queues: { x: { maxsize: 1, item: { type: string } }, y: { maxsize: 1, confirm: true } }
processes:
  a: { py[put x, put x, get y], puts: x, gets: y }
  b: { ts[put y, put y, get x], puts: y, gets: x }`,
    waits: ['a put x', 'b put y'],
  },
  'a queue that is full of bytes': {
    yaml: `
queues: { q: { max_bytes: 10 } }
locks: { l: {} }
processes:
  a: { ts[lock l, meet t 2, put q, put q, put q, put q], puts: q, locks: l }
  b: { py[meet t 2, lock l, loop q], gets: q, locks: l }`,
    waits: ['a put q', 'b acquire l'],
  },
  'locks that belong to nobody': {
    yaml: `
locks: { l: { owned: false } }
processes:
  a: { ts[lock l, lock l], locks: l }
  b: { py[lock l], locks: l }`,
    waits: ['a acquire l', 'b acquire l'],
    or: ['a acquire l'],
  },
  'a lock that belongs to nobody, taken by one that has ended': {
    yaml: `
queues: { q: {} }
locks: { l: { owned: false } }
processes:
  first: { ts[lock l], locks: l }
  a: { py[lock l, put q], locks: l, puts: q, needs: first }
  b: { ts[get q], gets: q }
  free: { run: sleep 9 }`,
    waits: ['a acquire l', 'b get q'],
  },
  'a filter that is wired to two queues, between two that wait for each other': {
    yaml: `
queues: { x: { encoding: text }, y: { encoding: text } }
locks: { l: {} }
processes:
  first: { py[meet t 2, lock l, put x], puts: x, locks: l }
  filter: { run: 'grep . | sort | uniq -c', stdin: { queue: x }, stdout: { queue: y } }
  last: { ts[lock l, meet t 2, get y], gets: y, locks: l }
  free: { run: sleep 9 }`,
    waits: ['first acquire l', 'filter get x', 'last get y'],
  },
  'what is printed into a full queue under a lock': {
    yaml: `
queues: { q: { maxsize: 2, encoding: text } }
locks: { l: {} }
processes:
  a: { run: 'forkline lock l -- seq 1 100000', stdout: { queue: q }, locks: l }
  b: { py[get q, lock l], gets: q, locks: l }`,
    waits: ['a put q', 'b acquire l'],
  },
  'what the run itself puts': {
    yaml: `
queues: { q: { from: [1, 2, 3, 4], maxsize: 1 } }
locks: { l: {} }
processes:
  a: { py[lock l, meet t 2, join q], gets: q, locks: l }
  b: { ts[meet t 2, lock l, loop q], gets: q, locks: l }`,
    waits: ['a join q', 'b acquire l', 'queues.q.from put q'],
  },
  'one that waits for those in the circle': {
    yaml: `
queues: { out: {} }
locks: { l: {}, m: {} }
processes:
  a: { ts[lock l, meet t 2, lock m, put out], locks: [l, m], puts: out }
  b: { py[lock m, meet t 2, lock l], locks: [l, m] }
  c: { py[get out], gets: out }`,
    waits: ['a acquire m', 'b acquire l', 'c get out'],
  },
  'two circles beside one who is free': {
    yaml: `
locks: { l: {}, m: {} }
pipes: { p: [c, d] }
processes:
  a: { ts[lock l, meet t 2, lock m], locks: [l, m] }
  b: { py[lock m, meet t 2, lock l], locks: [l, m] }
  free: { run: sleep 20 }
  c: { ts[sleep 6000] }
  d: { py[recv p] }`,
    waits: ['a acquire m', 'b acquire l'],
  },
  'a crawler that says of nothing that it is done': {
    yaml: `
queues: { q: {} }
processes:
  first: { ts[put q], puts: q }
  a: { ts[get q, get q], puts: q, gets: q }
  b: { py[get q, get q], puts: q, gets: q }`,
    waits: ['a get q', 'b get q'],
  },
  'letters of the dead': {
    yaml: `
queues: { q: { dead_letter: d }, d: {} }
locks: { l: {} }
processes:
  p: { py[put q], puts: q }
  a: { ts[meet t 2, lock l, loop q], gets: q, locks: l }
  b: { py[lock l, meet t 2, get d], gets: d, locks: l }`,
    waits: ['a acquire l', 'b get d'],
  },
  'a join of the run, and one that needs it': {
    yaml: `
queues: { q: {}, r: {} }
processes:
  p: { ts[put q], puts: q }
  a: { py[get q, get r], gets: [q, r] }
  late: { ts[put r], puts: r, needs: all }
joins:
  all: { queues: q }`,
    waits: ['a get r', 'all pass', 'late start'],
  },
};

let bad = 0;
const jobs = Object.entries(puzzles).filter(([name]) => values.only === undefined || name.includes(values.only));
await Promise.all(
  Array.from({ length: Number(values['at-once']) }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await solve(...job);
  }),
);
console.log(bad === 0 ? `all ${Object.keys(puzzles).length} are solved` : `${bad} are not`);
process.exit(bad === 0 ? 0 : 1);

async function solve(name, { yaml, waits, or }) {
  const folder = mkdtempSync('/tmp/fp-');
  const program = (language, how, steps) =>
    `target: '${here}/../programs/puzzle.${language}#${how ?? 'play'}', args: [${steps
      .split(', ')
      .map((step) => JSON.stringify(step))
      .join(', ')}]`;
  const text = yaml.replace(/\b(ts|py)(?:-(\w+))?\[([^\]]*)\]/g, (_, ...groups) => program(...groups));
  writeFileSync(join(folder, 'p.yaml'), text);
  const runner = spawn(
    process.execPath,
    [join(values.home, 'bin/run.js'), 'run', join(folder, 'p.yaml'), '--run-dir', join(folder, 'run')],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  runner.stderr.on('data', (data) => (said += data));
  const timer = setTimeout(() => runner.kill('SIGINT'), 40_000);
  const code = await new Promise((resolve) => runner.once('close', resolve));
  clearTimeout(timer);
  let deadlock;
  try {
    const events = readFileSync(join(folder, 'run/events.ndjson'), 'utf8').trimEnd().split('\n');
    deadlock = events.map((line) => JSON.parse(line)).find(({ type }) => type === 'deadlock');
  } catch {}
  const told = [
    ...new Set(
      (deadlock?.waits ?? []).map(({ node, does, channel }) => [node, does, channel].filter(Boolean).join(' ')),
    ),
  ].sort();
  const sound =
    code === 3 && [waits, or ?? waits].some((some) => JSON.stringify(some.toSorted()) === JSON.stringify(told));
  const longest = Math.max(0, ...(deadlock?.waits ?? []).map(({ forMs }) => forMs));
  console.log(
    `${sound ? 'solved' : 'NOT SOLVED'}: ${name}: exit ${code}, after ${longest} ms${sound ? '' : `\n  expected ${waits.join(', ')}\n  told ${told.join(', ')}\n${said.slice(0, 1500)}`}`,
  );
  if (!sound) bad++;
  rmSync(folder, { recursive: true, force: true });
}
