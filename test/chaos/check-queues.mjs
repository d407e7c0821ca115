// What is promised of a queue, held against what its producers and consumers wrote down. Answers with faults, in words.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ms, ranMs } from './history.mjs';

/** The last of what a program did before it was killed may not have been said yet. */
const UNSAID_MS = 10;
/** What was done so long before its taker died is known to be done. */
const SETTLED_MS = 500;

export function checkQueue(part, history, { settled }) {
  const { result, lifeOf } = history;
  const name = part.queue;
  const settings = result.round.pipeline.queues[name];
  const cut = part.printer !== undefined && result.summary?.nodes[part.printer]?.outcome !== 'succeeded';
  const lines = history.all.filter((line) => line.q === name && !(cut && isHalf(line)));
  const faults = [];
  const fault = (text) => faults.push(`queue ${name}: ${text}`);
  const puts = putsOf(lines, part, result);
  const takes = takesOf(lines, lifeOf);
  const takers = new Set(lines.filter(({ e }) => e === 'got').map(sessionOf));
  const upset = firstUpset(part, history, lines);
  const calm = upset === Infinity && !result.injuries.some(({ node }) => node.startsWith('*'));

  for (const [id, deliveries] of takes) {
    const put = puts.get(id);
    if (put === undefined && !part.grave) fault(`${id} was taken and never put`);
    else if (put?.size !== undefined && put.size !== deliveries[0].size)
      fault(`${id} was put with ${put.size} characters and taken with ${deliveries[0].size}`);
    if (deliveries.some(({ torn }) => torn)) fault(`${id} came with bytes of another item`);
    checkTwice(id, deliveries);
    for (const { attempt } of deliveries)
      if (attempt > (settings.attempts ?? 3)) fault(`${id} was delivered a ${attempt}th time`);
    if (calm && deliveries.some(({ redelivered }) => redelivered)) fault(`${id} was redelivered, and nobody had it`);
  }
  if ((settings.order === undefined || settings.order === 'fifo') && takers.size === 1 && !part.grave) checkOrder();
  if (settings.maxsize > 0) checkRoom();
  checkEnds();
  if (settled && result.summary?.queues[name]) checkCounts(result.summary.queues[name]);
  if (part.attempts && settled) checkPoison();
  return faults;

  function checkTwice(id, deliveries) {
    for (const [n, again] of deliveries.entries()) {
      if (n === 0) continue;
      const before = deliveries[n - 1];
      const life = lifeOf(before.pid);
      if (settings.delivery === 'at-most-once') fault(`${id} was taken twice, of a queue that delivers at most once`);
      else if (again.redelivered === false)
        fault(
          `${id} was taken again by ${again.node} ${again.pid} as if it were new, after ${before.node} ${before.pid} had it`,
        );
      if (before.back !== undefined) continue;
      if (life.good || life.until > again.t)
        fault(
          `${id} was taken by ${before.node} ${before.pid}, which has it still, and again by ${again.node} ${again.pid}`,
        );
      else if (before.done !== undefined && ranMs(life, before.done, life.until) > SETTLED_MS)
        fault(
          `${id} was done ${ms(life.until - before.done)} before ${before.node} ended, and taken again by ${again.node}`,
        );
    }
  }

  // What one thread takes of one producer comes in the order in which it was put. (Of several processes that take, one may be given what
  // another had read ahead.)
  function checkOrder() {
    const last = new Map();
    const seen = new Set();
    for (const { id, k, t, redelivered } of [...takes.values()].flat().sort((a, b) => a.t - b.t)) {
      if (seen.has(id) || redelivered === true || (t > upset && redelivered !== false)) continue;
      seen.add(id);
      const [, producer, number] = /^(.*)\.(\d+)!?$/.exec(id) ?? [];
      if (producer === undefined) continue;
      const key = `${k} ${producer}`;
      if ((last.get(key) ?? -1) > Number(number))
        fault(
          `${id} was taken by ${k} after ${producer}.${last.get(key)}${redelivered === undefined ? '' : ' (redelivered: false)'}`,
        );
      last.set(key, Number(number));
    }
  }

  // By the programs' own clocks: between the return of its put and the call of its get an item waits.
  function checkRoom() {
    const edges = [];
    for (const [id, [first]] of takes) {
      const from = puts.get(id)?.returned;
      if (from === undefined || puts.get(id).pid === 0 || from >= first.ask || from > upset) continue;
      edges.push([from, 1], [Math.min(first.ask, upset), -1]);
    }
    edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let waiting = 0;
    let most = 0;
    for (const [, step] of edges) most = Math.max(most, (waiting += step));
    if (most > settings.maxsize) fault(`${most} waited where ${settings.maxsize} may`);
    const { peak } = result.summary?.queues[name] ?? {};
    if (calm && settings.overflow === 'block' && peak > settings.maxsize)
      fault(`the summary has a peak of ${peak} where ${settings.maxsize} may wait`);
  }

  function checkEnds() {
    const nodes = result.summary?.nodes;
    if (!nodes) return;
    const ended = new Map();
    for (const { e, t, k, how } of lines) {
      if (e === 'end') ended.set(k, { t, how });
      if (e === 'got' && ended.has(k)) fault(`${k} got an item after the end`);
    }
    if (!settled || part.grave) return;
    const feeders = Object.entries(result.round.pipeline.processes).filter(
      ([, one]) => [one.puts].flat().includes(name) || one.stdout?.queue === name,
    );
    const broken = feeders.some(
      ([node, { on_failure }]) => on_failure !== 'ignore' && ['failed', 'timed_out'].includes(nodes[node]?.outcome),
    );
    for (const [k, { t, how }] of ended) {
      if ((how === 'aborted') !== broken)
        fault(`${k} was told the end \`${how}\`, where ${broken ? 'a producer failed' : 'no producer failed'}`);
      const late = [...puts.values()].find(({ called, returned }) => called > t && returned !== undefined);
      if (late !== undefined) fault(`${k} was told the end at ${t}, and ${late.id} was put after it`);
    }
  }

  function checkCounts(counts) {
    const must = [...puts.values()].filter((put) => isIn(put, lines, lifeOf));
    const known =
      settings.delivery === 'at-most-once'
        ? ([one]) => one !== undefined
        : (list) => list.some(({ pid, done }) => done !== undefined || lifeOf(pid).good);
    const missing = must.filter(({ id }) => !known(takes.get(id) ?? []) && !deadIds(part, history).has(id));
    const dead = [...history.lives.values()].filter(({ good }) => !good).length;
    // One that is killed may have taken one that it had no time to write down.
    const unseen = settings.delivery === 'at-most-once' ? dead * 4 : 0;
    const unread = part.file !== undefined || part.sink !== undefined;
    if (!unread && missing.length > counts.left_over + counts.dropped + unseen) {
      const some = missing
        .slice(0, 3)
        .map(({ id, returned }) => `${id} (put ${describe(returned, lifeOf(puts.get(id).pid))})`);
      fault(
        `${missing.length} were put and never done, of which ${counts.left_over} are left over and ${counts.dropped} dropped: ${some.join(', ')}`,
      );
    }
    const { put, done, dead_lettered, dropped, left_over } = counts;
    if (put !== done + dead_lettered + dropped + left_over)
      fault(`the counts do not add up: ${JSON.stringify(counts)}`);
    const called = puts.size;
    if (put < must.length || (!part.grave && put > called))
      fault(`${put} were put, says the summary; the programs say ${must.length} to ${called}`);
    if (calm && !part.grave && !unread && result.exit === 0) {
      const taken = [...takes.values()].flat().length;
      if (counts.taken !== taken) fault(`${counts.taken} were taken, says the summary; the programs say ${taken}`);
      if (counts.redelivered !== 0)
        fault(`${counts.redelivered} were redelivered, says the summary, and nobody had them`);
    }
    if (result.exit === 0 && left_over > 0) fault(`${left_over} are left over, and the exit code is 0`);
    if (part.file !== undefined) checkFile(must, counts);
    if (part.sink !== undefined) checkSink(must);
  }

  function checkFile(must, { left_over }) {
    const path = join(result.folder, part.file);
    const whole = read(path);
    const text = whole ?? read(`${path}.partial`) ?? '';
    const written = text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ')[0]);
    if (result.exit === 0 && whole === null) fault(`${part.file} is missing`);
    if (new Set(written).size !== written.length) fault(`${part.file} has a line twice`);
    const lost = must.filter(({ id }) => !written.includes(id));
    if (lost.length > left_over)
      fault(`${lost.length} of ${must.length} are not in ${part.file}, such as ${lost[0].id}`);
    if (written.some((id) => !puts.has(id))) fault(`${part.file} has a line that nobody put`);
  }

  function checkSink(must) {
    const nodes = result.summary.nodes;
    if (!part.chain.every((node) => nodes[node]?.outcome === 'succeeded')) return;
    const written = (read(join(result.folder, part.sink)) ?? '')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ')[0]);
    if (new Set(written).size !== written.length) fault(`${part.sink} has a line twice`);
    if (written.length !== must.length && result.exit === 0)
      fault(`${written.length} lines came through the chain, of ${must.length}`);
  }

  function checkPoison() {
    for (const [id, deliveries] of takes) {
      if (!id.endsWith('!')) continue;
      if (deliveries.length !== part.attempts)
        fault(`${id} was delivered ${deliveries.length} times, with ${part.attempts} attempts`);
      const letter = history.all.find((line) => line.e === 'got' && line.q === part.dead && line.id === id);
      if (letter === undefined) fault(`${id} came to no dead letters`);
      else if (letter.attempts !== part.attempts || !letter.reason)
        fault(`${id} is a dead letter with ${letter.attempts} attempts and the reason ${letter.reason}`);
    }
  }
}

/** All threads of a Python process have one connection; in Node each has its own. */
function sessionOf({ pid, k }) {
  const parts = k.split('.');
  return parts.length === 3 ? `${pid}.${parts[1]}` : String(pid);
}

/** id → { id, pid, called, returned?, sure, size }. */
function putsOf(lines, part, result) {
  const puts = new Map();
  for (const id of part.outside ?? [])
    puts.set(id, {
      id,
      pid: 0,
      called: 0,
      returned: part.printer && result.summary?.nodes[part.printer]?.outcome !== 'succeeded' ? undefined : 1,
      node: part.printer,
    });
  for (const { e, id, pid, k, t, sure, size, node } of lines) {
    if (e === 'put') puts.set(id, { id, pid, k, node, size, called: puts.get(id)?.called ?? t, sure: false });
    if (e === 'put+') Object.assign(puts.get(id), { returned: t, sure });
  }
  return puts;
}

/** Of a line that its printer was killed in the middle of: it may look like another one, but for its end. */
function isHalf({ e, id, size }) {
  return e === 'got' && size !== `${id} x`.length;
}

/** id → what was taken of it, in order of time: { id, pid, node, k, ask, t, size, attempt?, redelivered?, done?, back? }. */
function takesOf(lines) {
  const takes = new Map();
  const asked = new Map();
  for (const line of lines) {
    const { e, k, id, t } = line;
    if (e === 'ask') asked.set(k, t);
    if (e === 'got') takes.set(id, [...(takes.get(id) ?? []), { ...line, ask: asked.get(k) ?? t }]);
    const latest = takes.get(id)?.findLast((one) => one.k === k);
    if (e === 'done' && latest) latest.done = t;
    if (e === 'back' && latest) latest.back = t;
  }
  return takes;
}

/** When first something happened after which items may come back: who took them died, or gave them back. */
function firstUpset(part, { lives, result }, lines) {
  let first = Infinity;
  const takers = new Set(lines.filter(({ e }) => e === 'ask' || e === 'got').map(({ pid }) => pid));
  for (const [pid, life] of lives) if (takers.has(pid) && !life.good) first = Math.min(first, life.until);
  for (const { e, t } of lines) if (e === 'back') first = Math.min(first, t);
  for (const { node, pid, t, how } of result.injuries)
    if (how === 'SIGKILL' && (node.startsWith('*') || takers.has(pid) || !lives.has(pid))) first = Math.min(first, t);
  return first;
}

/** Whether the queue must have it: of one that succeeded all, of one that was killed what it did some time before. */
function isIn({ returned, sure, pid, k }, lines, lifeOf) {
  if (returned === undefined) return false;
  const life = lifeOf(pid);
  if (life.good || sure || ranMs(life, returned, life.until) > UNSAID_MS) return true;
  return lines.some((line) => line.e === 'flush+' && line.k === k && line.t > returned);
}

function deadIds(part, history) {
  if (part.dead === undefined) return new Set();
  return new Set(history.all.filter(({ e, q }) => e === 'got' && q === part.dead).map(({ id }) => id));
}

function describe(returned, life) {
  return life.good ? 'by one that succeeded' : `${ms(life.until - returned)} before the end of ${life.node}`;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
