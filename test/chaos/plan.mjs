// What a round does, from its seed alone: a pipeline of several parts, and who is hurt, when and how.
import { join } from 'node:path';

const here = import.meta.dirname;

/** A generator of numbers (mulberry32) and what is drawn from it. */
export function dice(seed) {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    chance: (part) => next() < part,
    pick: (...list) => list[Math.floor(next() * list.length)],
    int: (least, most) => least + Math.floor(next() * (most - least + 1)),
    times: (count, make) => Array.from({ length: count }, (_, n) => make(n)),
  };
}

/**
 * `pipeline` is the file; `parts` say what has to be checked; `injuries` who is hurt: `{ node, afterMs, how, forMs? }`, where the node
 * `*broker` is the broker and `*runner` the runner.
 */
export function planOf(seed, only) {
  const d = dice(seed * 7919);
  // The first numbers of neighbouring seeds are alike.
  d.times(5, () => d.int(0, 1));
  const round = {
    seed,
    pipeline: { queues: {}, locks: {}, pipes: {}, processes: {} },
    files: {},
    parts: [],
    injuries: [],
    loads: d.chance(0.15) ? 2 : 0,
  };
  const hurts = d.chance(0.7);
  const kinds = Object.keys(parts);
  const count = only === undefined ? d.pick(1, 1, 2, 3) : 1;
  for (let n = 0; n < count; n++) {
    const kind = only ?? d.pick(...kinds);
    parts[kind](d, round, 'abc'[n], hurts);
  }
  if (hurts && d.chance(0.07)) round.injuries.push({ node: '*broker', afterMs: d.int(0, 600), how: 'SIGKILL' });
  else if (hurts && d.chance(0.08)) {
    round.injuries.push({ node: '*runner', afterMs: d.int(0, 600), how: d.pick('SIGKILL', 'SIGTERM', 'SIGINT') });
  }
  return round;
}

function actor(d, cfg, role, language = d.pick('ts', 'py')) {
  const names = { takeLocks: 'take_locks' };
  const name = language === 'py' ? (names[role] ?? role) : role;
  const shape =
    language === 'py'
      ? d.pick(
          {},
          {},
          { threads: d.int(2, 3) },
          { forks: d.int(1, 2) },
          { forks: 2, threads: 2 },
          { forks: 2, pool: true },
        )
      : d.pick({}, {}, { lines: d.int(2, 3) }, { threads: 2 }, { threads: 2, lines: 2 });
  const args = [{ seed: d.int(1, 1e6), ...cfg, ...(cfg.single ? {} : shape) }];
  return { target: `${join(here, `actors.${language}`)}#${name}`, args };
}

function hurt(d, round, node, most = 500) {
  if (d.chance(0.35)) {
    round.injuries.push({ node, afterMs: d.int(0, most), how: 'SIGSTOP', forMs: d.int(5, 400) });
  } else round.injuries.push({ node, afterMs: d.int(0, most), how: 'SIGKILL', which: d.int(0, 9) });
}

const parts = {
  queue(d, round, p, hurts, large = false) {
    const name = `${p}q`;
    const order = d.chance(0.25) ? d.pick('lifo', 'priority', 'deque') : 'fifo';
    const overflow = d.chance(0.2) ? d.pick('drop_oldest', 'drop_newest', 'fail') : 'block';
    const settings = {
      maxsize: d.pick(0, 1, 2, 7, 64, 100, 500),
      order,
      overflow,
      attempts: 20,
      encoding: d.pick('json', 'text', 'bytes'),
      ...(d.chance(0.1) ? { confirm: true } : {}),
      ...(d.chance(0.1) ? { delivery: 'at-most-once' } : {}),
      ...(d.chance(0.1) ? { max_bytes: 20000 } : {}),
      ...(large && d.chance(0.5) ? { max_bytes: d.pick(3_000_000, 20_000_000) } : {}),
    };
    if (settings.delivery === 'at-most-once') delete settings.attempts;
    if (settings.encoding !== 'bytes' && d.chance(0.15)) settings.item = { type: 'string', minLength: 3 };
    round.pipeline.queues[name] = settings;
    const plain = d.chance(0.1);
    const busy = d.chance(0.5);
    const common = { order, overflow, bytes: settings.encoding === 'bytes' };
    const producers = d.int(1, 3);
    const consumers = d.int(1, 3);
    for (let n = 0; n < producers; n++) {
      const node = `${p}put${n}`;
      const failing = hurts && d.chance(0.06);
      round.pipeline.processes[node] = {
        ...actor(
          d,
          {
            ...common,
            queues: [name],
            count: large ? d.pick(20, 80) : d.pick(30, 200, busy ? 1500 : 300),
            size: large ? d.pick(10, 70_000, 300_000, 2_000_000) : d.pick(0, 10, 500),
            pace: busy ? 0 : d.pick(0, 1, 4),
            ways: d.pick(['put'], ['put', 'timeout', 'nowait', 'many', 'confirm'], ['put', 'put', 'put', 'timeout']),
            flush: d.chance(0.3),
            join: d.chance(0.1) && !plain && overflow !== 'fail',
            ...(failing ? { fail: true } : {}),
          },
          'produce',
        ),
        puts: name,
        on_failure: d.pick('ignore', 'ignore', 'continue'),
      };
      if (hurts && d.chance(0.4)) hurt(d, round, node);
    }
    for (let n = 0; n < consumers; n++) {
      const node = `${p}get${n}`;
      round.pipeline.processes[node] = {
        ...actor(
          d,
          {
            ...common,
            queue: name,
            style: plain ? 'plain' : d.pick('loop', 'loop', 'get', 'take', 'take', 'timed', 'nowait'),
            pace: busy ? 0 : d.pick(0, 1, 4),
            giveback: settings.delivery === undefined && d.chance(0.2) ? 0.05 : 0,
          },
          'consume',
        ),
        gets: name,
        on_failure: d.pick('ignore', 'ignore', 'continue'),
      };
      if (hurts && d.chance(0.4)) hurt(d, round, node);
    }
    round.parts.push({ kind: 'queue', queue: name });
  },

  // Items that go through shared memory.
  large(d, round, p, hurts) {
    parts.queue(d, round, p, hurts, true);
  },

  // One producer and one consumer that are busy: these get a direct lane.
  lane(d, round, p, hurts) {
    const name = `${p}q`;
    round.pipeline.queues[name] = { maxsize: d.pick(0, 1, 10, 64, 100, 1000), attempts: 20 };
    const cfg = { queues: [name], count: d.pick(1000, 5000), size: d.pick(0, 100), single: true };
    const more = { ways: d.pick(['put'], ['put', 'put', 'many', 'timeout']), flush: d.chance(0.3) };
    round.pipeline.processes[`${p}put`] = {
      ...actor(d, { ...cfg, ...more }, 'produce', 'ts'),
      puts: name,
      on_failure: d.pick('ignore', 'continue'),
    };
    round.pipeline.processes[`${p}get`] = {
      ...actor(
        d,
        { queue: name, single: true, style: d.pick('loop', 'get', 'take'), giveback: d.pick(0, 0, 0.01) },
        'consume',
        'ts',
      ),
      gets: name,
      on_failure: d.pick('ignore', 'continue'),
    };
    const second = d.chance(0.4);
    if (second) {
      const role = { queue: name, single: true, style: 'take', pace: d.pick(0, 1) };
      round.pipeline.processes[`${p}late`] = { ...actor(d, role, 'consume', 'ts'), gets: name, on_failure: 'ignore' };
    }
    if (hurts && d.chance(0.4)) hurt(d, round, `${p}put`, 300);
    if (hurts && d.chance(0.5)) hurt(d, round, `${p}get`, 300);
    round.parts.push({ kind: 'queue', queue: name });
  },

  lock(d, round, p, hurts) {
    const kinds = {};
    const locks = d.times(d.int(1, 2), (n) => {
      const name = `${p}l${n}`;
      const kind = d.pick('mutex', 'mutex', 'sem', 'rw', 'reentrant', 'strict');
      kinds[name] = kind;
      round.pipeline.locks[name] =
        kind === 'sem'
          ? { permits: d.int(2, 3) }
          : kind === 'rw'
            ? { kind: 'rw' }
            : kind === 'reentrant'
              ? { reentrant: true }
              : kind === 'strict'
                ? { fair: 'strict' }
                : {};
      return name;
    });
    const workers = d.int(2, 4);
    for (let n = 0; n < workers; n++) {
      const node = `${p}lock${n}`;
      const cfg = { locks, kinds, count: d.pick(40, 200), pace: d.pick(0, 1, 3), idle: d.pick(0, 0, 2) };
      round.pipeline.processes[node] = { ...actor(d, cfg, 'takeLocks'), locks, on_failure: 'ignore' };
      if (hurts && d.chance(0.4)) hurt(d, round, node);
    }
    for (const name of locks)
      round.parts.push({ kind: 'lock', lock: name, is: kinds[name], permits: round.pipeline.locks[name].permits ?? 1 });
  },

  pipe(d, round, p, hurts) {
    const name = `${p}pipe`;
    round.pipeline.pipes[name] = [`${p}one`, `${p}two`];
    const counts = [d.pick(0, 20, 500), d.pick(1, 20, 500)];
    const sizes = d.pick([0, 5], [0, 5, 70000], [1000000, 3]);
    const common = { pipe: name, sizes, single: true, pace: d.pick(0, 0, 2) };
    const one = actor(d, { ...common, count: counts[0], expect: counts[1] }, 'talk');
    const two = actor(d, { ...common, count: counts[1] }, 'talk');
    round.pipeline.processes[`${p}one`] = { ...one, on_failure: 'ignore' };
    round.pipeline.processes[`${p}two`] = { ...two, on_failure: 'ignore' };
    if (hurts && d.chance(0.7)) hurt(d, round, d.pick(`${p}one`, `${p}two`), 200);
    round.parts.push({ kind: 'pipe', pipe: name, ends: [`${p}one`, `${p}two`], counts });
  },

  crawl(d, round, p, hurts) {
    const name = `${p}q`;
    round.pipeline.queues[name] = { attempts: 20, encoding: d.pick('json', 'text') };
    const depth = d.pick(3, 6, 8);
    round.pipeline.processes[`${p}seed`] = { ...actor(d, { queue: name, depth, single: true }, 'seed'), puts: name };
    const workers = d.int(2, 4);
    for (let n = 0; n < workers; n++) {
      const node = `${p}crawl${n}`;
      const cfg = {
        queue: name,
        fan: 2,
        pace: d.pick(0, 1, 5),
        ways: d.pick(['put'], ['put', 'many', 'nowait', 'confirm']),
      };
      round.pipeline.processes[node] = { ...actor(d, cfg, 'crawl'), puts: name, gets: name, on_failure: 'ignore' };
      if (hurts && n > 0 && d.chance(0.5)) hurt(d, round, node);
    }
    round.parts.push({ kind: 'queue', queue: name, feedback: true });
  },

  poison(d, round, p) {
    const name = `${p}q`;
    const dead = `${p}dead`;
    const attempts = d.int(1, 3);
    const count = d.int(20, 200);
    const poison = d.times(d.int(1, 2), () => d.int(0, count - 1));
    round.pipeline.queues[name] = { attempts, dead_letter: dead, maxsize: d.pick(0, 5, 100) };
    round.pipeline.queues[dead] = {};
    round.pipeline.processes[`${p}put`] = {
      ...actor(d, { queues: [name], count, poison, single: true }, 'produce'),
      puts: name,
    };
    // Each poisoned item kills as many as it has attempts, and one has to be left.
    for (let n = 0; n <= attempts * poison.length; n++) {
      const cfg = {
        queue: name,
        style: d.pick('take', 'loop', 'get'),
        poison: d.pick('kill', 'exit'),
        pace: 1,
        single: true,
      };
      round.pipeline.processes[`${p}get${n}`] = { ...actor(d, cfg, 'consume'), gets: name, on_failure: 'ignore' };
    }
    const cfg = { queue: dead, style: 'take', dead: true, single: true };
    round.pipeline.processes[`${p}bury`] = { ...actor(d, cfg, 'consume'), gets: dead };
    round.parts.push({ kind: 'queue', queue: name, dead, attempts }, { kind: 'queue', queue: dead, grave: name });
  },

  // From a file, through relays, to a file.
  file(d, round, p, hurts) {
    const [from, to] = [`${p}from`, `${p}to`];
    const count = d.pick(0, 50, 3000);
    const lines = d.times(count, (n) => `${p}file.0.${n} ${'x'.repeat(d.pick(0, 30))}`);
    round.files[`${p}.txt`] = lines.map((line) => `${line}\n`).join('');
    round.pipeline.queues[from] = { from: { lines: `${p}.txt` }, maxsize: d.pick(0, 3, 100), attempts: 20 };
    round.pipeline.queues[to] = { to: { lines: `${p}.out` }, maxsize: d.pick(0, 3, 100) };
    const relays = d.int(1, 3);
    for (let n = 0; n < relays; n++) {
      const node = `${p}relay${n}`;
      const cfg = { queue: from, out: to, style: d.pick('loop', 'take', 'get'), pace: d.pick(0, 0, 1) };
      round.pipeline.processes[node] = {
        ...actor(d, cfg, 'consume'),
        gets: from,
        puts: to,
        on_failure: d.pick('ignore', 'continue'),
      };
      if (hurts && n > 0 && d.chance(0.5)) hurt(d, round, node);
    }
    round.parts.push(
      { kind: 'queue', queue: from, outside: lines.map((line) => line.split(' ')[0]) },
      { kind: 'queue', queue: to, file: `${p}.out` },
    );
  },

  // Programs that know nothing of Forkline: one that prints, a chain of kernel pipes, one that reads.
  tools(d, round, p, hurts) {
    const [one, two] = [`${p}one`, `${p}two`];
    const count = d.pick(10, 1000, 20000);
    round.pipeline.queues[one] = { maxsize: d.pick(0, 2, 200), attempts: 20 };
    round.pipeline.queues[two] = { maxsize: d.pick(0, 2, 200), attempts: 20 };
    const ids = d.times(count, (n) => `${p}seq.0.${n}`);
    const print = `i=0; while [ $i -lt ${Math.min(count, 1000)} ]; do echo "${p}seq.0.$i x"; i=$((i+1)); done`;
    const fast = `seq 0 ${count - 1} | sed 's/.*/${p}seq.0.& x/'`;
    round.pipeline.processes[`${p}print`] = {
      run: count <= 1000 && d.chance(0.5) ? print : fast,
      stdout: { queue: one },
      on_failure: 'continue',
    };
    round.pipeline.processes[`${p}relay`] = {
      ...actor(d, { queue: one, out: two, style: d.pick('loop', 'take') }, 'consume'),
      gets: one,
      puts: two,
      on_failure: 'continue',
    };
    round.pipeline.processes[`${p}feed`] = {
      run: 'cat',
      stdin: { queue: two, ...(d.chance(0.3) ? { done: 'exit' } : {}) },
      on_failure: 'continue',
    };
    const links = d.int(0, 3);
    let last = `${p}feed`;
    for (let n = 0; n < links; n++) {
      round.pipeline.processes[`${p}link${n}`] = { command: ['cat'], stdin: { process: last }, on_failure: 'continue' };
      last = `${p}link${n}`;
    }
    round.pipeline.processes[`${p}sink`] = {
      run: `cat > "$CHAOS_DIR/../${p}.sink"`,
      stdin: { process: last },
      on_failure: 'continue',
    };
    if (hurts && d.chance(0.6)) {
      const victims = ['print', 'feed', 'sink', ...d.times(links, (n) => `link${n}`)];
      hurt(d, round, `${p}${d.pick(...victims)}`, 300);
    }
    round.parts.push(
      { kind: 'queue', queue: one, outside: ids, printer: `${p}print` },
      { kind: 'queue', queue: two, sink: `${p}.sink`, chain: [`${p}feed`, `${p}sink`] },
    );
  },
};

export const kinds = Object.keys(parts);
