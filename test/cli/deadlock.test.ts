// Deadlocks as a user meets them: processes in TypeScript and Python that wait for each other for ever end the run with 3 and a report
// that names them; whoever only waits long does not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Deadlock, Event } from '../../src/run/event.ts';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

const programs = fileURLToPath(new URL('../programs/', import.meta.url));

interface Outcome {
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly summary: Summary;
  readonly events: readonly Event[];
  readonly deadlock: Deadlock | undefined;
}

/** `ts(…)` and `py(…)` in a pipeline stand for a process that plays these steps. */
async function run(pipeline: string, args: readonly string[] = []): Promise<Outcome> {
  const target = (language: string, how: string, steps: string): string => {
    const list = steps.split(', ').map((step) => JSON.stringify(step));
    return `target: ${programs}puzzle.${language}#${how || 'play'}, args: [${list.join(', ')}]`;
  };
  const text = pipeline.replace(/\b(ts|py)(?:-(\w+))?\(([^)]*)\)/g, (_, language, how, steps) =>
    target(language, how ?? '', steps),
  );
  const folder = workspace({ 'pipeline.yaml': text });
  const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run', ...args]);
  const read = (file: string): string => readFileSync(join(folder, 'run', file), 'utf8');
  const events = read('events.ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const deadlock = events.find((event) => event.type === 'deadlock');
  return { exitCode, stderr, summary: JSON.parse(read('summary.json')) as Summary, events, deadlock };
}

describe.each([
  ['py', 'ts'],
  ['ts', 'py'],
])('between %s and %s', (one, two) => {
  test('two that both put first, to queues with one place', async () => {
    const { exitCode, stderr, summary, deadlock } = await run(`
      queues: { ab: { maxsize: 1 }, ba: { maxsize: 1 } }
      processes:
        a: { ${one}(put ab, put ab, get ba), puts: ab, gets: ba }
        b: { ${two}(put ba, put ba, get ab), puts: ba, gets: ab }`);
    expect(exitCode).toBe(3);
    expect(summary.exitCode).toBe(3);
    expect(summary.reason).toMatch(/^deadlock: `[ab]` and `[ab]` wait for each other/);
    expect(deadlock?.circle.toSorted()).toEqual(['a', 'b']);
    expect(deadlock?.waits).toEqual(
      expect.arrayContaining([
        { node: 'a', does: 'put', channel: 'ab', forMs: expect.any(Number), on: ['b'] },
        { node: 'b', does: 'put', channel: 'ba', forMs: expect.any(Number), on: ['a'] },
      ]),
    );
    expect(deadlock?.queues).toEqual({
      ab: { size: 1, maxsize: 1, bytes: 8, maxBytes: 64 * 2 ** 20, unfinished: 1, held: 0 },
      ba: { size: 1, maxsize: 1, bytes: 8, maxBytes: 64 * 2 ** 20, unfinished: 1, held: 0 },
    });
    expect(stderr).toContain('`a` waits in `put` on queue `ab` (1 of 1 wait), for `b` to take');
    expect(stderr).toContain('hint: take `maxsize` off one of these queues');
  });

  test('two that take two locks in opposite order, beside a process that runs for ever', async () => {
    const { exitCode, stderr, deadlock, summary } = await run(`
      locks: { left: {}, right: {} }
      processes:
        a: { ${one}(lock left, meet here 2, lock right), locks: [left, right] }
        b: { ${two}(lock right, meet here 2, lock left), locks: [left, right] }
        forever: { run: sleep 600 }`);
    expect(exitCode).toBe(3);
    expect(deadlock?.circle.toSorted()).toEqual(['a', 'b']);
    expect(stderr).toContain('`a` waits for lock `right`, held by `b`');
    expect(stderr).toContain('`b` waits for lock `left`, held by `a`');
    expect(stderr).toContain('hint: let everybody take these locks in the same order');
    expect(summary.nodes['forever']?.outcome).toBe('stopped');
  });

  test('one that waits for an item while it holds the lock that the other needs to put it', async () => {
    const { exitCode, stderr } = await run(`
      locks: { desk: {} }
      queues: { mail: {} }
      processes:
        reader: { ${one}(lock desk, meet here 2, get mail), locks: desk, gets: mail }
        writer: { ${two}(meet here 2, lock desk, put mail), locks: desk, puts: mail }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`reader` waits in `get` on queue `mail` (0 wait), for `writer`');
    expect(stderr).toContain('`writer` waits for lock `desk`, held by `reader`');
  });

  test('a producer that joins its queue while its consumer waits for its lock', async () => {
    const { exitCode, stderr } = await run(`
      locks: { desk: {} }
      queues: { mail: {} }
      processes:
        writer: { ${one}(lock desk, put mail, join mail), locks: desk, puts: mail }
        reader: { ${two}(get mail, lock desk), locks: desk, gets: mail }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`writer` waits in `join` on queue `mail` (0 wait, 1 held), for `reader` to be done');
  });
});

describe.each(['ts', 'py'])('in %s', (one) => {
  test('one that takes a lock twice', async () => {
    const { exitCode, stderr } = await run(`
      locks: { left: {} }
      processes: { a: { ${one}(lock left, lock left), locks: left } }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`a` waits for lock `left`, held by itself');
  });

  test('a semaphore all of whose permits are held by those who want one more', async () => {
    const { exitCode, stderr } = await run(`
      locks: { seats: { permits: 2 } }
      processes:
        a: { ${one}(lock seats, meet here 2, lock seats), locks: seats }
        b: { ${one}(lock seats, meet here 2, lock seats), locks: seats }`);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/deadlock: `([ab])` → `[ab]` → `\1`/);
    expect(stderr).toContain('`a` waits for lock `seats`, held by itself and `b`');
    expect(stderr).toContain('hint: each has some of this lock and asks for more of it: give back first what one has');
  });

  test('two readers that both want to write', async () => {
    const { exitCode, deadlock } = await run(`
      locks: { page: { kind: rw } }
      processes:
        a: { ${one}(read page, meet here 2, lock page), locks: page }
        b: { ${one}(read page, meet here 2, lock page), locks: page }`);
    expect(exitCode).toBe(3);
    expect(new Set(deadlock?.waits.map(({ node }) => node))).toEqual(new Set(['a', 'b']));
  });

  test('one that asks to read again behind one that waits to write', async () => {
    const { exitCode, stderr, deadlock } = await run(`
      locks: { page: { kind: rw } }
      processes:
        reader: { ${one}(read page, meet here 2, read-until-refused page, read page), locks: page }
        writer: { ${one}(meet here 2, lock page), locks: page }`);
    expect(exitCode).toBe(3);
    expect(deadlock?.circle.toSorted()).toEqual(['reader', 'writer']);
    expect(stderr).toContain('`reader` waits for lock `page`, held by itself, behind `writer`, which waits to write');
    expect(stderr).toContain('`writer` waits for lock `page`, held by `reader`');
    expect(stderr).toContain('hint: who reads cannot ask to read again behind one that waits to write');
  });

  test('two that both wait for the other to speak first', async () => {
    const { exitCode, stderr } = await run(`
      pipes: { line: [a, b] }
      processes:
        a: { ${one}(recv line) }
        b: { ${one}(recv line) }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`a` waits in `recv` on pipe `line`, for `b` to send');
    expect(stderr).toContain('`b` waits in `recv` on pipe `line`, for `a` to send');
  });

  test('two that both send more than a pipe takes', async () => {
    const { exitCode, stderr } = await run(`
      pipes: { line: [a, b] }
      processes:
        a: { ${one}(send line 2000000, send line 2000000, recv line) }
        b: { ${one}(send line 2000000, send line 2000000, recv line) }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`a` waits in `send` on pipe `line`, for `b` to receive');
  });

  test('two that both put more bytes than fit, before either takes', async () => {
    const { exitCode, stderr } = await run(`
      queues: { ab: { max_bytes: 4KiB }, ba: { max_bytes: 4KiB, maxsize: 9 } }
      processes:
        a: { ${one}(put ab 3000, put ab 3000, get ba), puts: ab, gets: ba }
        b: { ${one}(put ba 3000, put ba 3000, get ab), puts: ba, gets: ab }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`a` waits in `put` on queue `ab` (1 wait, 2.9 KiB of 4.0 KiB), for `b` to take');
    expect(stderr).toContain('`b` waits in `put` on queue `ba` (1 of 9 wait, 2.9 KiB of 4.0 KiB), for `a` to take');
    expect(stderr).toContain(
      'hint: give one of these queues more room (`max_bytes`), or let its consumer take before it puts',
    );
  });

  test('one that puts to a queue that a file fills, whose consumer waits for it', async () => {
    const { exitCode, stderr } = await run(`
      locks: { desk: {} }
      queues:
        mail: { maxsize: 1, from: [1, 2, 3, 4], to: { lines: out.txt }, leftover: ignore }
      processes:
        writer: { ${one}(lock desk, meet here 2, put mail, put mail, put mail), locks: desk, puts: mail }
        reader: { ${one}(get mail, meet here 2, lock desk), locks: desk, gets: mail }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`writer` waits in `put` on queue `mail`');
    expect(stderr).toContain('`reader` waits for lock `desk`, held by `writer`');
  });

  test('three philosophers', async () => {
    const { exitCode, deadlock } = await run(`
      locks: { x: {}, y: {}, z: {} }
      processes:
        a: { ${one}(lock x, meet here 3, lock y), locks: [x, y] }
        b: { ${one}(lock y, meet here 3, lock z), locks: [y, z] }
        c: { ${one}(lock z, meet here 3, lock x), locks: [z, x] }`);
    expect(exitCode).toBe(3);
    expect(deadlock?.circle.toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('a crawler that never says that an item is done', async () => {
    const { exitCode, stderr } = await run(`
      queues: { urls: {} }
      processes:
        seed: { ${one}(put urls), puts: urls }
        crawler: { ${one}(get urls, put urls, get urls, get urls), gets: urls, puts: urls }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`crawler` waits in `get` on queue `urls` (0 wait, 2 held), for `crawler`');
    expect(stderr).toContain('must be followed by `taskDone`');
  });

  test('what waits in vain for one that has not started', async () => {
    const { exitCode, stderr } = await run(`
      locks: { desk: {} }
      queues: { mail: {} }
      processes:
        reader: { ${one}(lock desk, meet here 2, get mail), locks: desk, gets: mail }
        other: { ${one}(meet here 2, lock desk), locks: desk }
        writer: { ${one}(put mail), puts: mail, needs: both }
      joins:
        both: { processes: other }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`reader` waits in `get` on queue `mail` (0 wait), for `writer`');
    expect(stderr).toContain('`writer` has not started: it needs `both`');
    expect(stderr).toContain('`both` cannot pass: it waits for `other`');
    expect(stderr).toContain('`other` waits for lock `desk`, held by `reader`');
  });

  test('it is no deadlock where something may still help: a join that gives up, a time limit, one that is only slow', async () => {
    const limit = one === 'ts' ? '3s' : '3';
    const outcomes = await Promise.all([
      run(`
        queues: { mail: {} }
        processes:
          reader: { ${one}(get mail), gets: mail }
          writer: { ${one}(put mail), puts: mail, needs: patience }
        joins:
          patience: { processes: reader, timeout: 3s, on_timeout: continue }`),
      run(`
        queues: { ab: { maxsize: 1 }, ba: {} }
        processes:
          a: { ${one}(put ab, put ab, put ba), puts: [ab, ba] }
          b: { ${one}(get-for ba ${limit}, loop ab, loop ba), gets: [ab, ba] }`),
      run(`
        locks: { left: {} }
        processes:
          a: { ${one}(lock left, meet here 3, sleep 3000), locks: left }
          b: { ${one}(meet here 3, lock left), locks: left }
          c: { ${one}(meet here 3, spin 3000, lock left), locks: left }`),
    ]);
    expect(outcomes.map(({ deadlock }) => deadlock)).toEqual([undefined, undefined, undefined]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  });
});

test('--deadlock-timeout 0 looks for none', async () => {
  const { exitCode, deadlock } = await run(
    `
    timeout: 3s
    locks: { left: {} }
    processes: { a: { ts(lock left, lock left), locks: left } }`,
    ['--deadlock-timeout', '0'],
  );
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(124);
});

test('a program with a timer, a server or a worker is not stuck', async () => {
  const outcomes = await Promise.all(
    ['timer 3000', 'server 3000', 'worker 3000'].map((step) =>
      run(`
        locks: { left: {} }
        processes: { a: { ts(${step}, lock left, lock left), locks: left } }`),
    ),
  );
  expect(outcomes.map(({ deadlock }) => deadlock)).toEqual([undefined, undefined, undefined]);
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
});

test('a get that an AbortSignal may withdraw is not stuck', async () => {
  const { exitCode, deadlock } = await run(`
    locks: { left: {} }
    queues: { mail: {} }
    processes:
      a: { ts(lock left, meet here 2, get-until-aborted mail 3000), locks: left, gets: mail }
      b: { ts(meet here 2, lock left, put mail), locks: left, puts: mail }`);
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(1);
});

test('a lock that belongs to nobody, and was left taken, is waited for in vain once nobody else could give it back', async () => {
  const pipeline = (other: string) => `
    locks: { gate: { owned: false } }
    processes:
      first: { ts(lock gate), locks: gate }
      second: { py(lock gate), locks: gate, needs: first }
      other: { ${other}, locks: gate }`;
  const [stuck, helped] = await Promise.all([
    run(pipeline('run: "true"')),
    run(pipeline('ts(sleep 3000, unlock gate)')),
  ]);
  expect(stuck?.exitCode).toBe(3);
  expect(stuck?.stderr).toContain(
    '`second` waits for lock `gate`, which `first` took, and ended without giving it back',
  );
  expect(stuck?.stderr).toContain('hint: a lock with `owned: false` stays taken');
  expect(helped?.deadlock).toBeUndefined();
  expect(helped?.exitCode).toBe(0);
});

describe('threads in Python', () => {
  test('all stuck is a deadlock, though the main thread waits for the others', async () => {
    const { exitCode, stderr } = await run(`
      locks: { left: {}, right: {} }
      processes: { a: { py-threads(lock left; meet here 2; lock right, lock right; meet here 2; lock left), locks: [left, right] } }`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('`a` waits for lock `left`, held by itself');
  });

  test('one that sleeps or computes may yet help, and so may an alarm', async () => {
    const outcomes = await Promise.all([
      ...['sleep 3000', 'spin 3000'].map((step) =>
        run(`
          locks: { left: {} }
          processes: { a: { py-threads(lock left; meet here 2; ${step}; unlock left, meet here 2; lock left), locks: left } }`),
      ),
      run(`
        locks: { left: {} }
        processes: { a: { py(alarm 3000, lock left, lock left), locks: left } }`),
    ]);
    expect(outcomes.map(({ deadlock }) => deadlock)).toEqual([undefined, undefined, undefined]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  });
});

test.each(['ts', 'py'])('a program that handles a signal of its own may be woken by it (%s)', async (language) => {
  const { exitCode, deadlock } = await run(`
    locks: { left: {} }
    processes:
      a: { ${language}(handler, lock left, meet here 2, lock left), locks: left }
      b: { ts(meet here 2, sleep 3000, call here) }`);
  expect(deadlock).toBe(undefined);
  expect(exitCode).toBe(0);
});

test('tasks of asyncio that wait for stuck threads are stuck, unless the loop has something else to do', async () => {
  const stuck = (how: string) =>
    run(`
      locks: { left: {} }
      processes: { a: { py-${how}(lock left; lock left), locks: left } }`);
  const [tasks, napping] = await Promise.all([stuck('tasks'), stuck('napping')]);
  expect(tasks?.exitCode).toBe(3);
  expect(napping?.deadlock).toBeUndefined();
  expect(napping?.exitCode).toBe(0);
});

test('a forked child that is stuck, and the parent that waits for it', async () => {
  const { exitCode, stderr } = await run(`
    locks: { left: {} }
    processes: { a: { py-child(lock left, lock left), locks: left } }`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('`a` waits for lock `left`, held by itself');
});

test('what a shell has running in the background may yet help', async () => {
  const { exitCode, deadlock } = await run(`
    timeout: 4s
    locks: { left: {} }
    processes: { a: { run: "sleep 600 & true; python3 -c 'from forkline import lock; lock(\\"left\\").acquire(); lock(\\"left\\").acquire()'; true", locks: left } }`);
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(124);
});

test('a shell that only waits for its program cannot help', async () => {
  const { exitCode } = await run(`
    locks: { left: {} }
    processes: { a: { run: "python3 -c 'from forkline import lock; lock(\\"left\\").acquire(); lock(\\"left\\").acquire()'; true", locks: left } }`);
  expect(exitCode).toBe(3);
});

test('two scripts that each run under one lock what asks for the other, beside one that runs for ever', async () => {
  const script = (mine: string, own: string, others: string, asked: string) =>
    `forkline lock ${mine} -- sh -c 'touch ${own}; until [ -e ${others} ]; do sleep 0.01; done; forkline lock ${asked} -- true'`;
  const { exitCode, stderr } = await run(`
    locks: { left: {}, right: {} }
    processes:
      a: { run: "${script('left', 'one', 'two', 'right')}", locks: [left, right] }
      b: { run: "${script('right', 'two', 'one', 'left')}", locks: [left, right] }
    daemons: { c: { run: sleep 600 } }`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('`a` waits for lock `right`, held by `b`');
  expect(stderr).toContain('`b` waits for lock `left`, held by `a`');
});

test('two scripts that pipe more into full queues than fits, before either takes', async () => {
  const script = (mine: string, others: string) => `seq 1 100000 | forkline put ${mine}; forkline get ${others}`;
  const { exitCode, stderr } = await run(`
    queues: { x: { maxsize: 5, encoding: text }, y: { maxsize: 5, encoding: text } }
    processes:
      a: { run: "${script('x', 'y')}", puts: x, gets: y }
      b: { run: "${script('y', 'x')}", puts: y, gets: x }`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('`a` waits in `put` on queue `x` (5 of 5 wait), for `b` to take');
  expect(stderr).toContain('`b` waits in `put` on queue `y` (5 of 5 wait), for `a` to take');
});

test('a script that takes in a loop and pipes what it makes of it into another queue, crossed with one that needs its lock', async () => {
  const { exitCode, stderr } = await run(`
    queues: { in: { encoding: text }, out: { encoding: text } }
    locks: { left: {} }
    processes:
      a:
        run: "forkline lock left -- sh -c 'touch here; while x=$(forkline get in); do echo $x; done | forkline put out'"
        locks: left
        gets: in
        puts: out
      b: { run: "until [ -e here ]; do sleep 0.01; done; forkline lock left -- forkline put in x", locks: left, puts: in }
      c: { py(loop out), gets: out }`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('`a` waits in `get` on queue `in` (0 wait), for `b`');
  expect(stderr).toContain('`b` waits for lock `left`, held by `a`');
});

test('programs that know nothing of Forkline, wired to queues, are part of it while they read or write', async () => {
  const [reading, writing] = await Promise.all([
    run(`
      queues: { in: { encoding: text }, out: { encoding: text } }
      locks: { left: {} }
      processes:
        first: { ts(meet here 2, lock left, put in), puts: in, locks: left }
        filter: { run: "grep . | sort | uniq -c", stdin: { queue: in }, stdout: { queue: out } }
        last: { py(lock left, meet here 2, get out), gets: out, locks: left }`),
    run(`
      queues: { mail: { maxsize: 2, encoding: text } }
      locks: { left: {} }
      processes:
        writer: { run: "forkline lock left -- seq 1 100000", stdout: { queue: mail }, locks: left }
        reader: { ts(get mail, lock left), gets: mail, locks: left }`),
  ]);
  expect(reading?.exitCode).toBe(3);
  expect(reading?.stderr).toContain('`filter` waits in `get` on queue `in` (0 wait), for `first`');
  expect(reading?.stderr).toContain('`last` waits in `get` on queue `out` (0 wait), for `filter`');
  expect(writing?.exitCode).toBe(3);
  expect(writing?.stderr).toContain(
    '`writer` waits in `put` on queue `mail` (2 of 2 wait, 1 held), for `reader` to take',
  );
});

test('a wired program that does anything else may yet help: it works, sleeps, or has an alarm', async () => {
  const pipeline = (program: string) => `
    queues: { in: { encoding: text, from: [x] }, out: { encoding: text } }
    locks: { left: {} }
    processes:
      filter: { ${program}, stdin: { queue: in }, stdout: { queue: out } }
      last: { py(lock left, loop out), gets: out, locks: left }
      other: { ts(lock left), locks: left }`;
  const outcomes = await Promise.all([
    run(pipeline('run: "read line; sleep 3; echo $line"')),
    run(pipeline(`command: [awk, '{ system("sleep 3"); print }']`)),
    run(pipeline(`command: [perl, -e, '$SIG{ALRM} = sub { print "tired"; exit }; <STDIN>; alarm 3; pipe R, W; <R>']`)),
  ]);
  expect(outcomes.map(({ deadlock }) => deadlock)).toEqual([undefined, undefined, undefined]);
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
});

test('one that writes to a full pipe of the kernel is stuck where the one that reads it is', async () => {
  const pipeline = (between: string, from: string) => `
    queues: { go: { encoding: text } }
    processes:
      writer: { run: "yes | head -c 1000000; forkline put go x", puts: go }${between}
      reader: { run: "forkline get go; cat", gets: go, stdin: { process: ${from} } }`;
  const [two, three] = await Promise.all([
    run(pipeline('', 'writer')),
    run(pipeline('\n      filter: { run: cat, stdin: { process: writer } }', 'filter')),
  ]);
  expect(two?.exitCode).toBe(3);
  expect(two?.deadlock?.circle.toSorted()).toEqual(['reader', 'writer']);
  expect(two?.stderr).toContain('`writer` waits to write to its stdout, for `reader` to read');
  expect(two?.stderr).toContain('`reader` waits in `get` on queue `go` (0 wait), for `writer`');
  expect(three?.exitCode).toBe(3);
  expect(three?.stderr).toContain('`writer` waits to write to its stdout, for `filter` to read');
  expect(three?.stderr).toContain('`filter` waits to write to its stdout, for `reader` to read');
});

test('one that reads from a pipe of the kernel is stuck where the one that writes it is', async () => {
  const { exitCode, stderr } = await run(`
    locks: { left: {} }
    processes:
      writer: { run: "until [ -e here ]; do sleep 0.01; done; forkline lock left -- echo done", locks: left }
      reader: { run: "forkline lock left -- sh -c 'touch here; cat'", locks: left, stdin: { process: writer } }`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('`writer` waits for lock `left`, held by `reader`');
  expect(stderr).toContain('`reader` waits to read from its stdin, for `writer` to write');
});

test('it is no deadlock where something goes through a pipe of the kernel, or will', async () => {
  const pipeline = (writes: string, reads: string) => `
    queues: { go: { encoding: text } }
    processes:
      writer: { run: "${writes}; forkline put go x", puts: go }
      reader: { run: "${reads}", gets: go, stdin: { process: writer } }`;
  const outcomes = await Promise.all([
    run(pipeline('for i in 1 2 3 4 5 6; do sleep 0.5; echo $i; done', 'exec 3<&0; cat <&3 & forkline get go; wait')),
    run(pipeline('(sleep 3; yes) | head -c 1000000', 'exec 3<&0; cat <&3 >out & forkline get go; wait')),
    run(pipeline('yes | head -c 1000000', 'exec 3<&0; (sleep 3; cat <&3 >out) & forkline get go; wait')),
  ]);
  expect(outcomes.map(({ deadlock }) => deadlock)).toEqual([undefined, undefined, undefined]);
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
});

test('a program that an alarm tells to go on is not stuck while it waits for what is', async () => {
  const { exitCode, deadlock } = await run(`
    locks: { left: {} }
    processes:
      a:
        command:
          - perl
          - -e
          - '$SIG{ALRM} = sub { kill 9, $p; exit 0 }; alarm 3; $p = fork or exec qw(forkline lock left -- forkline lock left -- true); wait'
        locks: left`);
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(0);
});

test('what runs under a lock beside the command that waits may yet help', async () => {
  const { exitCode, deadlock } = await run(`
    timeout: 4s
    locks: { left: {} }
    processes: { a: { run: "forkline lock left -- sh -c 'sleep 600 & forkline lock left -- true'", locks: left } }`);
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(124);
});

test('daemons that have nothing to do are no deadlock, and the run ends with its last process', async () => {
  const { exitCode, deadlock } = await run(`
    queues: { work: { leftover: ignore }, more: { leftover: ignore } }
    processes:
      seed: { ts(put work, sleep 2500), puts: work }
    daemons:
      one: { ts(get work, put more, get work), gets: work, puts: more }
      two: { ts(get more, get more), gets: more, puts: work }`);
  expect(deadlock).toBeUndefined();
  expect(exitCode).toBe(0);
});

test('who waits for dead letters waits for those that take where they come from', async () => {
  const { exitCode, deadlock, summary } = await run(`
    timeout: 10m
    queues: { work: { dead_letter: dead }, dead: { dead_letter: deader }, deader: {} }
    processes:
      seed: { ts(put work), puts: work }
      slow: { ts(get work, sleep 2500), gets: work }
      one: { ts(loop dead), gets: dead }
      two: { py(loop deader), gets: deader }`);
  expect(deadlock).toBeUndefined();
  expect(summary.reason).toBe('everything succeeded');
  expect(exitCode).toBe(0);
});

test('a wrong --deadlock-timeout is said at once', async () => {
  const folder = workspace({ 'pipeline.yaml': 'processes: { a: { run: "true" } }' });
  const { exitCode, stderr } = await forkline(folder, ['run', '--deadlock-timeout', 'soon']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('`--deadlock-timeout soon` is no duration');
});
