// Every file of pipelines/ through the real binary: each must do what its comment says, and leave nobody behind. Order is
// read from the order of the events; no time is asserted.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { binary, type Ran, runPipeline } from '../kit/run-pipeline.ts';

const folder = fileURLToPath(new URL('../../pipelines/', import.meta.url));
const files = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
/** This one needs somebody at a terminal: test/cli/terminal.test.ts. */
const asking = 'terminal.yaml';

/** So that another test run on this machine can have it at the same time. */
const params: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'ready.yaml': { port: 10_000 + (process.pid % 20_000) },
};

/** What each promises, beyond ending with success and leaving nobody behind. */
const promises: Readonly<Record<string, (ran: Ran) => void>> = {
  '01-functions.yaml': fourWorkersBeginAndEnd,
  '02-classes.yaml': fourWorkersBeginAndEnd,

  '03-separate-memory.yaml': (ran) => {
    expect(ran.lines('changer')).toEqual(['the changer sees 0']);
    expect(ran.lines('onlooker')).toEqual(['the onlooker sees 100']);
    expect(ended(ran, 'changer')).toBeLessThan(started(ran, 'onlooker'));
  },

  'multiprocessing.yaml': (ran) => {
    expect(ran.lines('parent')).toEqual(["[42, None, 'hello']", "[42, None, 'hello']"]);
    const printed = ran.read('screen.txt').split(' \n').filter(Boolean).sort();
    expect(printed).toEqual(Array.from({ length: 10 }, (_, index) => `hello world ${index + 1}`).sort());
    expect(ran.lines('adder')).toEqual(['328350']);
    expect(ran.summary.queues['results']).toMatchObject({ put: 100, done: 100, left_over: 0 });
  },

  'outputs.yaml': (ran) => {
    expect(ran.lines('report')).toEqual(['4 minus one files, 49 bytes, the second is LARGE']);
    expect(ran.summary.nodes['patch']?.outcome).toBe('skipped');
    expect(ran.lines('notes')).toEqual(['nothing to remark']);
    expect(ran.summary.nodes['measure']?.outputs).toEqual({ files: 3, sizes: [12, 7, 30] });
  },

  'shell-scripts.yaml': (ran) => {
    const page = ran.read('page.txt').trim().split('\n');
    const words = page.filter((_, index) => index % 2 === 0).toSorted();
    expect(words).toEqual(['and six:', 'five:', 'four:', 'one:', 'three:', 'two:']);
    for (const [index, word] of page.entries())
      if (index % 2 === 0) expect(page[index + 1]).toBe(`${word.length - 1} letters`);
    expect(ran.lines('caller')).toEqual(['answer: {"to":"how many?","it is":6}']);
    expect(ran.lines('report')).toEqual(['6 words']);
  },

  'control.yaml': (ran) => {
    expect(ran.lines('judge')).toEqual([
      'all three have run',
      'runner.2 wins: 0',
      'runner.1 ended with -15, alive: false',
      'runner.3 ended with -15, alive: false',
    ]);
    expect(ran.lines('usher')).toEqual([
      'the encore is cancelled: None None',
      'the clock was killed: -9',
      'the judge is done: 0',
    ]);
    for (const node of ['runner.1', 'runner.3', 'encore', 'clock'])
      expect(ran.summary.nodes[node]?.outcome).toBe('terminated');
    expect(ran.summary.nodes['encore']?.startedAt).toBe(null);
  },

  'ready.yaml': (ran) => {
    expect(ran.lines('asker')).toEqual(['at your service']);
    const ready = place(ran, 'node.ready', 'server');
    expect(place(ran, 'node.restarting', 'server')).toBeLessThan(ready);
    expect(ready).toBeLessThan(started(ran, 'asker'));
    expect(place(ran, 'node.ready', 'counter')).toBeLessThan(started(ran, 'onlooker'));
    expect(started(ran, 'onlooker')).toBeLessThan(ended(ran, 'counter'));
    expect(ran.summary.nodes['server']).toMatchObject({ outcome: 'stopped', attempts: 2 });
  },

  'retry.yaml': (ran) => {
    const days = ['day 1: apples', 'day 2: books', 'day 3: coal', 'day 3: drums'];
    expect(ran.lines('courier')).toEqual(days);
    expect(ran.lines('ledger')).toEqual(['apples', 'books', 'coal', 'drums']);
    expect(ran.summary.nodes['courier']).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(ran.summary.queues['parcels']).toMatchObject({ done: 4, left_over: 0 });
  },

  'pipe.yaml': (ran) => {
    const lengths = [5, 0, 16 * 1024 * 1024];
    expect(ran.lines('caller')).toEqual(lengths.map((length) => `${length} characters, and well answered`));
    expect(ran.lines('answerer')).toEqual(['hung up']);
    expect(ran.lines('clerk')).toEqual([`3 questions of ${16 * 1024 * 1024 + 5} characters`]);
    expect(ran.summary.pipes).toEqual({
      line: { caller: { sent: 3, received: 3 }, answerer: { sent: 3, received: 3 } },
      tally: { answerer: { sent: 3, received: 3 } },
    });
  },

  'sub-pipelines.yaml': (ran) => {
    const parcels = ['Emden', 'Norden'].flatMap((town) =>
      ['herring', 'tea', 'wool'].map((goods) => `${goods} for ${town} by harbour post`),
    );
    expect(ran.lines('load')).toEqual(parcels.sort());
    for (const town of ['packing.1', 'packing.2']) {
      expect(ran.summary.nodes[town]).toMatchObject({ kind: 'pipeline', outcome: 'succeeded' });
      expect(ran.summary.nodes[`${town}/printer`]?.outcome).toBe('stopped');
      expect(ran.summary.queues[`${town}/orders`]).toMatchObject({ put: 3, done: 3 });
      for (const node of [`${town}/pack.1`, `${town}/pack.2`, `${town}/printer`])
        expect(ended(ran, node)).toBeLessThan(ended(ran, town));
      expect(ended(ran, town)).toBeLessThan(started(ran, 'van'));
    }
    expect(ran.summary.queues['parcels']).toMatchObject({ put: 6, done: 6 });
  },

  'holds-and-takers.yaml': (ran) => {
    const grants = [...ran.lines('backup'), ...[1, 2].flatMap((worker) => ran.lines(`payer.w${worker}`))];
    expect(grants).toHaveLength(4);
    expect(new Set(grants).size).toBe(4);
  },
  'holds.yaml': (ran) => {
    const running = new Set<string>();
    for (const event of ran.events) {
      if (event.type === 'node.started') running.add(event.node);
      if (event.type === 'node.ended') running.delete(event.node);
      const names = [...running].map((node) => node.split('.')[0]);
      expect(names.filter((name) => name === 'clerk').length).toBeLessThanOrEqual(1);
      if (names.includes('writer')) expect(names).not.toContain('reader');
    }
    // That they came to their end shows that the readers were there together: each waits for the others.
  },

  'slots.yaml': (ran) => {
    const running = new Set<string>();
    for (const event of ran.events) {
      if (event.type === 'node.started') running.add(event.node);
      if (event.type === 'node.ended' || event.type === 'node.retrying') running.delete(event.node);
      expect(running.size).toBeLessThanOrEqual(2);
      // The other slot is the doubler's by then, whoever of the two is told first.
      if (event.type === 'node.started' && event.node === 'counter')
        expect(['counter', 'doubler']).toEqual(expect.arrayContaining([...running]));
    }
    expect(ran.lines('doubler').at(-1)).toBe('200');
    expect(ran.lines('reader')).toEqual(['word 1', 'word 2', 'word 3']);
  },

  '04-join-timeout.yaml': (ran) => {
    expect(ran.summary.nodes['glance']?.outcome).toBe('passed');
    expect(ended(ran, 'glance')).toBeLessThan(ended(ran, 'sleeper'));
    expect(ended(ran, 'next')).toBeLessThan(ended(ran, 'sleeper'));
    expect(ran.lines('sleeper')).toEqual(['the sleeper wakes']);
  },

  '05-longest-not-sum.yaml': (ran) => {
    const sleepers = instances('sleeper', 4);
    const lastStart = Math.max(...sleepers.map((node) => started(ran, node)));
    const ends = sleepers.map((node) => ended(ran, node));
    expect(lastStart).toBeLessThan(Math.min(...ends));
    expect(ended(ran, 'awake')).toBeGreaterThan(Math.max(...ends));
    expect(ended(ran, 'awake')).toBeLessThan(started(ran, 'report'));
    const naps = sleepers.map((node) => ran.summary.nodes[node]?.durationMs ?? 0);
    expect(ran.summary.durationMs).toBeLessThan(naps.reduce((sum, nap) => sum + nap));
  },

  '06-terminate.yaml': (ran) => {
    expect(ran.lines('talker')).toEqual(['the first line']);
    expect(ran.lines('listener')).toEqual(['heard: hello']);
    expect(ran.summary.nodes['talker']).toMatchObject({ outcome: 'terminated', exitcode: -15, signal: 'SIGTERM' });
  },

  '07-daemon.yaml': (ran) => {
    expect(ran.summary.nodes['clock']).toMatchObject({ outcome: 'stopped', signal: 'SIGTERM' });
    expect(ended(ran, 'visitor')).toBeLessThan(ended(ran, 'clock'));
  },

  '08-tickets.yaml': (ran) => {
    expect(buyers(ran, 'got a ticket')).toBe(5);
    expect(buyers(ran, 'sold out')).toBe(5);
    expect(ran.lines('audit')).toEqual(['5 buyers have a ticket, there were 5']);
    expect(ran.read('tickets.json').replaceAll(' ', '')).toBe('{"left":0}');
  },

  '08-tickets-without-lock.yaml': (ran) => {
    const sold = buyers(ran, 'got a ticket');
    expect(sold).toBeGreaterThan(5);
    expect(ran.lines('audit')).toEqual([`${sold} buyers have a ticket, there were 5`]);
  },

  '09-full-and-empty.yaml': (ran) => {
    const jars = [1, 2, 3, 4, 5].map((number) => `took jar ${number}`);
    expect(ran.lines('taker')).toEqual(['full with 5 jars', ...jars, 'empty: no sixth jar within 0.2 s']);
    expect(ran.lines('filler')).toEqual(['all five are used']);
    expect(ran.summary.queues['shelf']).toMatchObject({ put: 5, taken: 5, done: 5, left_over: 0, peak: 5 });
  },

  '10-only-a-queue.yaml': (ran) => {
    const numbers = [1, 2, 3, 4, 5];
    expect(ran.lines('厨师')).toEqual(numbers.map((number) => `做好了第${number}个包子`));
    expect(ran.lines('食客')).toEqual([...numbers.map((number) => `吃了第${number}个包子`), '吃饱了']);
    expect(ran.summary.queues['蒸笼']).toMatchObject({ put: 5, done: 5, left_over: 0 });
  },

  '11-dumpling-house.yaml': (ran) => {
    const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
    const dishes = ['包子', '骨头', '泔水'].map((dish) => numbers.map((number) => `${dish} ${number}`));
    expect(instances('chef', 3).map((chef) => ran.lines(chef))).toEqual(
      dishes.map((ofOne) => ofOne.map((dish) => `cooked ${dish}`)),
    );
    const eaters = instances('eater', 2);
    const eaten = eaters.flatMap((eater) => ran.lines(eater));
    expect(eaten.sort()).toEqual(dishes.flatMap((ofOne) => ofOne.map((dish) => `ate ${dish}`)).sort());
    const drained = ran.events.findIndex((event) => event.type === 'queue.drained');
    expect(drained).toBeGreaterThan(-1);
    for (const eater of eaters) {
      expect(['finished', 'stopped']).toContain(ran.summary.nodes[eater]?.outcome);
      expect(ended(ran, eater)).toBeGreaterThan(drained);
    }
    expect(ended(ran, 'served')).toBeGreaterThan(drained);
    expect(started(ran, 'bill')).toBeGreaterThan(ended(ran, 'served'));
    expect(ran.lines('bill')).toEqual(['all served']);
    expect(ran.summary.queues['dishes']).toMatchObject({ put: 30, taken: 30, done: 30, redelivered: 0, left_over: 0 });
    expect(ran.summary.queues['dishes']?.peak).toBeLessThanOrEqual(5);
  },

  '12-no-zombies-no-orphans.yaml': (ran) => {
    expect(ran.lines('inspector')).toEqual(['zombies: 0, orphans: 0']);
    const orphan = Number(/left (\d+) behind/.exec(ran.lines('careless').join('\n'))?.[1]);
    expect(ran.events).toContainEqual(
      expect.objectContaining({ type: 'node.leaked', node: 'careless', pids: [orphan] }),
    );
  },

  'encodings.yaml': (ran) => {
    expect(ran.lines('counter')).toEqual(['ff00800a']);
    expect(ran.lines('judge')).toEqual(['8 pictures, centres (28+28j)']);
  },

  '13-reading-room.yaml': (ran) => {
    expect(ran.lines('off')).toEqual(['the light was on']);
    expect(ran.lines('check')).toEqual([expect.stringMatching(/^[1-3] sat, (several|one) read, 1 wrote, 1 signed$/)]);
  },

  'item-schema.yaml': (ran) => {
    expect(ran.lines('online')).toEqual([
      'ordered',
      'refused: it must have `portions`',
      'refused: /portions must be integer',
    ]);
    expect(ran.lines('phone')).toEqual([
      'ordered',
      'refused: /dish must match `^\\p{Han}+$`',
      'refused: it must be object',
    ]);
    expect(ran.lines('cook').sort()).toEqual(['1 汤', '2 包子', '3 饺子', '3 馒头'].sort());
    expect(ran.summary.queues['orders']).toMatchObject({ put: 4, done: 4, left_over: 0 });
  },

  'unix-pipe.yaml': (ran) => {
    expect(ran.lines('check')).toEqual(['the shell says the same']);
    expect(ran.read('first.txt').split('\n')).toHaveLength(1001);
    for (const node of ['numbers', 'sevens'])
      expect(ran.summary.nodes[node]).toMatchObject({ outcome: 'succeeded', exitcode: -13, signal: 'SIGPIPE' });
  },

  'orders.yaml': (ran) => {
    expect(ran.lines('washer')).toEqual(['cake', 'fish', 'soup']);
    expect(ran.lines('doctor')).toEqual(['Dan', 'Ben', 'Eva', 'Ada', 'Cem'].map((name) => `treated ${name}`));
    expect(ran.lines('station')).toEqual(['last: caboose', 'first: engine', 'between: coal wood']);
  },

  'overflow.yaml': (ran) => {
    expect(ran.lines('display')).toEqual(['996', '997', '998', '999', '1000']);
    expect(ran.lines('reader')).toEqual(['read letter 1', 'read letter 2']);
    expect(ran.lines('guests')).toEqual(['Ada has a table', 'Ben has a table', 'no table for Cem']);
    expect(ran.lines('waiter')).toEqual(['served Ada', 'served Ben']);
    expect(ran.summary.nodes['all-seen']?.outcome).toBe('passed');
    expect(ran.summary.queues['readings']).toMatchObject({ put: 1000, done: 5, dropped: 995, left_over: 0, peak: 5 });
    expect(ran.summary.queues['letters']).toMatchObject({ put: 4, done: 2, dropped: 2, peak: 2 });
    expect(ran.summary.queues['tables']).toMatchObject({ put: 2, done: 2, dropped: 0 });
  },

  'dead-letters.yaml': (ran) => {
    const openers = [...instances('young', 3), ...instances('old', 2)];
    const opened = openers.flatMap((node) => ran.lines(node));
    expect(opened.sort()).toEqual(['opened book', 'opened cake', 'opened soap', 'opened tea']);
    const killed = openers.filter((node) => ran.summary.nodes[node]?.signal === 'SIGKILL');
    expect(killed.length).toBe(4);
    const reason =
      /^bomb, after 2 attempts: taken from `parcels` 2 times and never done: `(.*)` was killed by SIGKILL$/;
    const lastHands = ran.lines('squad').map((line) => reason.exec(line)?.[1]);
    expect(lastHands.length).toBe(2);
    for (const node of lastHands) expect(killed).toContain(node);
    expect(ran.summary.queues).toMatchObject({
      parcels: { put: 6, done: 4, redelivered: expect.any(Number), dead_lettered: 2, left_over: 0 },
      bomb_squad: { put: 2, done: 2, left_over: 0 },
    });
    expect(ran.said).toContain('1 item of queue `parcels` went to `bomb_squad`, taken from `parcels` 2 times');
    expect(ran.lines('museum')).toEqual(['all is opened, or with the squad']);
  },

  'each-file.yaml': (ran) => {
    expect(ran.lines('report')).toEqual(ran.lines('check'));
    const lost = ran.lines('lost.w1').sort();
    expect(lost).toEqual(['could not read /no/such page', 'could not read no/such/page']);
    expect(ran.summary.nodes['try']).toMatchObject({ outcome: 'succeeded', items: { done: 0, failed: 2 } });
    const { put, done, left_over } = ran.summary.queues['pages'] ?? {};
    expect(ran.summary.nodes['sum']?.items).toMatchObject({ done: put, failed: 0 });
    expect([done, left_over]).toEqual([put, 0]);
  },

  'shell-crawler.yaml': (ran) => {
    expect(ran.lines('found')).toEqual(ran.lines('check'));
    const { put, done, left_over } = ran.summary.queues['folders'] ?? {};
    expect(put).toBeGreaterThan(5);
    expect([done, left_over]).toEqual([put, 0]);
  },

  'word-count.yaml': (ran) => {
    const [first] = ran.lines('total');
    expect(first).toMatch(/^\d+ [A-Za-z]+$/);
    expect(ran.lines('check')).toEqual([expect.stringMatching(/^[1-9]\d{3,} words, and the plain shell agrees$/)]);
    expect(sideBySide(ran, 'count', 3)).toBe(true);
  },

  'from-and-to.yaml': (ran) => {
    const [first] = ran.lines('report');
    expect(first).toMatch(/^[1-9]\d+ files, [1-9]\d+ lines$/);
    expect(ran.lines('report')).toEqual([first, `the shell counts ${first}`]);
    const recorded = ran.events.findIndex((event) => event.type === 'queue.recorded');
    expect(ran.events[recorded]).toMatchObject({
      queue: 'counts',
      whole: true,
      items: Number.parseInt(first ?? '', 10),
    });
    expect(started(ran, 'report')).toBeGreaterThan(recorded);
  },

  'crawler.yaml': (ran) => {
    const [, count] = /^(\d+) pages and \d+ links, as one process finds them$/.exec(ran.lines('check').join()) ?? [];
    const pages = Number(count);
    expect(pages).toBeGreaterThan(500);
    const crawlers = [...instances('crawl', 2), ...instances('crawl_py', 2)];
    const read = crawlers.map((node) => Number(/\d+/.exec(ran.lines(node).join())?.[0]));
    expect(read.reduce((sum, each) => sum + each)).toBe(pages);
    for (const queue of ['pages', 'read']) {
      expect(ran.summary.queues[queue]).toMatchObject({ put: pages, done: pages, redelivered: 0, left_over: 0 });
    }
    expect(ran.summary.nodes['site']?.outcome).toBe('stopped');
  },

  'directory-walk.yaml': (ran) => {
    const [files] = ran.lines('list');
    expect(files).toMatch(/^[1-9]\d{3,} files$/);
    expect(ran.lines('confirm')).toEqual(['find finds the same']);
    const walkers = [...instances('walk', 2), ...instances('walk_py', 2)];
    const walked = walkers.map((node) => Number(/\d+/.exec(ran.lines(node).join())?.[0]));
    const folders = walked.reduce((sum, each) => sum + each);
    expect(ran.summary.queues['folders']).toMatchObject({ put: folders, done: folders, left_over: 0 });
    expect(ran.events).toContainEqual(
      expect.objectContaining({ type: 'queue.closed', queue: 'folders', aborted: false }),
    );
  },

  'secrets.yaml': (ran) => {
    expect(ran.lines('careless')).toEqual([
      'the key is ***, the header is Bearer ***',
      expect.stringMatching(/^\*\*\*.?=*$/),
      '*** ["***"]',
      '***',
    ]);
    expect(ran.lines('knows')).toEqual(['a key of 25 characters']);
    const stored = ran.output + ran.said + ran.read('plan.json') + ran.read('events.ndjson');
    expect(stored).not.toMatch(/sesame|c2VzYW1l|close again/);
  },

  'file-index.yaml': (ran) => {
    const index = Object.keys(JSON.parse(ran.read('index.json')) as object).length;
    expect(index).toBeGreaterThan(1000);
    expect(ran.lines('confirm')).toEqual([`confirmed ${index} files`]);
    const hashed = instances('hash', 3).map((node) => Number(/\d+/.exec(ran.lines(node).join())?.[0]));
    expect(hashed.reduce((sum, count) => sum + count)).toBe(index);
    expect(sideBySide(ran, 'hash', 3)).toBe(true);
  },
};

test.each(files.filter((file) => file !== asking))('`pipelines/%s` does what its comment says', async (file) => {
  const promise = promises[file];
  if (promise === undefined) throw new Error(`say in this test what \`pipelines/${file}\` promises`);
  const ran = await runPipeline(folder + file, { params: params[file] ?? {} });
  expect(ran.left).toEqual([]);
  expect(ran.summary).toMatchObject({ success: true, exitCode: 0 });
  expect(ran.exitCode).toBe(0);
  promise(ran);
});

test('`forkline check` finds nothing to say about any of them', async () => {
  const { exitCode, all } = await execa('node', [binary, 'check', ...files.map((file) => folder + file)], {
    all: true,
    reject: false,
  });
  expect(all).not.toMatch(/warning|error/);
  expect(exitCode).toBe(0);
});

test('the number of workers is a parameter', async () => {
  const ran = await runPipeline(`${folder}file-index.yaml`, { params: { workers: 5, tree: `${folder}programs` } });
  expect(
    Object.keys(ran.summary.nodes)
      .filter((node) => node.startsWith('hash.'))
      .sort(),
  ).toEqual(instances('hash', 5));
  expect(ran.summary.success).toBe(true);
});

function fourWorkersBeginAndEnd(ran: Ran): void {
  instances('worker', 4).forEach((node, index) => {
    expect(ran.lines(node)).toEqual([`worker ${index + 1} starts`, `worker ${index + 1} ends`]);
  });
}

function buyers(ran: Ran, line: string): number {
  const all = [...instances('local', 5), ...instances('tourist', 5)].map((node) => ran.lines(node).join());
  return all.filter((said) => said === line).length;
}

/** They ran at the same time: each had started before the first of them ended. */
function sideBySide(ran: Ran, name: string, count: number): boolean {
  const nodes = instances(name, count);
  return Math.max(...nodes.map((node) => started(ran, node))) < Math.min(...nodes.map((node) => ended(ran, node)));
}

function instances(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}.${index + 1}`);
}

/** Where in the order of events it started. */
type NodeEvent = 'node.started' | 'node.ready' | 'node.restarting' | 'node.ended';

function started(ran: Ran, node: string): number {
  return place(ran, 'node.started', node);
}

function ended(ran: Ran, node: string): number {
  return place(ran, 'node.ended', node);
}

function place(ran: Ran, type: NodeEvent, node: string): number {
  const index = ran.events.findIndex((event) => event.type === type && event.node === node);
  if (index === -1) throw new Error(`no ${type} of ${node}`);
  return index;
}
