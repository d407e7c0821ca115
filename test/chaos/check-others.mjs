// What is promised of locks, of pipes and of a run, held against what was written down. Answers with faults, in words.
import { ms, ranMs } from './history.mjs';

const PROMPT_MS = 200;

export function checkLock({ lock: name, is, permits }, history, { timed, settled }) {
  const { lifeOf } = history;
  const faults = [];
  const fault = (text) => faults.push(`lock ${name} (${is}): ${text}`);
  const holds = [];
  const open = new Map();
  const lines = history.result.histories.flatMap((one) =>
    one.lines.map((line) => ({ ...line, node: one.node, pid: one.pid })),
  );
  for (const line of lines.filter((one) => one.l === name)) {
    const { e, k, t } = line;
    if (e === 'want') open.set(k, { ...line, want: t });
    if (e === 'gaveup') open.delete(k);
    if (e === 'have') holds.push(Object.assign(open.get(k), { ...line, have: t, to: undefined }));
    if (e === 'free') open.get(k).to = t;
    if (e === 'freed') open.delete(k);
  }
  // Python's RLock belongs to a thread, TypeScript's to the process.
  const owner = ({ pid, k }) => (is === 'reentrant' && k.split('.').length === 3 ? pid : k);
  for (const hold of holds) {
    const life = lifeOf(hold.pid);
    hold.died = hold.to === undefined || (hold.to >= life.until - 1e6 && open.get(hold.k) === hold);
    hold.end = hold.to ?? life.until;
  }
  holds.sort((a, b) => a.have - b.have);
  checkExclusion();
  checkFences();
  checkDead();
  if (settled) {
    for (const wait of open.values())
      if (wait.have === undefined && lifeOf(wait.pid).good) fault(`${wait.node} ${wait.pid} was never answered`);
  }
  return faults;

  function checkExclusion() {
    let inside = [];
    for (const hold of holds) {
      inside = inside.filter((other) => other.end > hold.have);
      const others = inside.filter((other) => owner(other) !== owner(hold));
      const readers = is === 'rw' && hold.m === 'read' ? others.filter(({ m }) => m !== 'read') : others;
      const room = is === 'sem' ? permits - 1 : 0;
      const count = is === 'sem' ? inside.length : readers.length;
      if (count > room) {
        const [other] = is === 'sem' ? inside : readers;
        fault(
          `${hold.node} ${hold.pid} (fence ${hold.fence}) had it from ${hold.have}, when ${other.node} ${other.pid} (fence ${other.fence}) had it until ${other.end}`,
        );
      }
      inside.push(hold);
    }
  }

  function checkFences() {
    const byEnd = holds.toSorted((a, b) => a.have - b.have);
    let highest = { fence: -1, k: '' };
    let n = 0;
    for (const hold of holds.toSorted((a, b) => a.want - b.want)) {
      for (; n < byEnd.length && byEnd[n].have < hold.want; n++) if (byEnd[n].fence > highest.fence) highest = byEnd[n];
      const same = is === 'reentrant' && owner(highest) === owner(hold);
      if (hold.fence < highest.fence || (hold.fence === highest.fence && !same))
        fault(`fence ${hold.fence} was granted after ${highest.fence}`);
    }
    const seen = new Map();
    for (const hold of holds) {
      const other = seen.get(hold.fence);
      if (other && !(is === 'reentrant' && owner(other) === owner(hold)))
        fault(`fence ${hold.fence} was granted twice`);
      seen.set(hold.fence, hold);
    }
  }

  function checkDead() {
    if (is === 'rw' || is === 'sem') return;
    for (const [n, hold] of holds.entries()) {
      const before = holds[n - 1];
      const sure = before?.died && before.to === undefined;
      const unsure =
        before?.died ||
        [...history.lives.values()].some(
          ({ good, until }) => !good && until < hold.have && until > (before?.have ?? 0),
        );
      if (owner(hold) === (before && owner(before))) continue;
      if (sure && !hold.abandoned)
        fault(
          `${before.node} ${before.pid} died with fence ${before.fence}, and ${hold.node} (fence ${hold.fence}) was not told that it was abandoned`,
        );
      if (hold.abandoned && !unsure)
        fault(`${hold.node} (fence ${hold.fence}) was told that it was abandoned, and nobody had died`);
      const late = (hold.have - before?.end) / 1e6;
      const stopped = lifeOf(hold.pid).stopped.some(({ t, until }) => t < hold.have && until > before?.end);
      if (timed && sure && lifeOf(before.pid).killed && hold.want < before.end && !stopped && late > PROMPT_MS)
        fault(`${hold.node} had it ${ms(hold.have - before.end)} after ${before.node} was killed`);
    }
  }
}

export function checkPipe({ pipe: name, ends }, history, { settled }) {
  const faults = [];
  const fault = (text) => faults.push(`pipe ${name}: ${text}`);
  for (const [from, to] of [ends, ends.toReversed()]) {
    const sent = history.all.filter((line) => line.p === name && line.node === from && line.e.startsWith('send'));
    const there = history.all.filter((line) => line.p === name && line.node === to);
    const got = there.filter(({ e }) => e === 'recv');
    const returned = sent.filter(({ e }) => e === 'send+');
    for (const [n, message] of got.entries()) {
      if (message.n !== n) fault(`${to} received message ${message.n} of ${from} as the ${n}th`);
      if (returned[n] && returned[n].size !== message.size)
        fault(`message ${n} of ${from} had ${returned[n].size} characters, and ${message.size} when it came`);
    }
    if (got.length > sent.filter(({ e }) => e === 'send').length) fault(`${to} received more than ${from} sent`);
    if (!settled) continue;
    if (there.some(({ e }) => e === 'eof')) {
      const must = returned.filter(
        ({ t, pid }) => history.lifeOf(pid).good || ranMs(history.lifeOf(pid), t, history.lifeOf(pid).until) > 10,
      );
      if (got.length < must.length)
        fault(`${to} was told the end of file after ${got.length} messages of ${from}, which had sent ${must.length}`);
    }
    const good = [from, to].every((node) =>
      [...history.lives.values()].some((life) => life.node === node && life.good),
    );
    if (good && got.length !== returned.length)
      fault(`${to} received ${got.length} of the ${returned.length} messages that ${from} sent`);
    const counts = history.result.summary?.pipes[name]?.[from];
    if (counts && (counts.received > counts.sent || got.length > counts.received || counts.sent < got.length))
      fault(`the summary says ${JSON.stringify(counts)} of ${from}, and ${to} received ${got.length}`);
  }
  return faults;
}

/** What holds of every run, whatever was in it. */
export function checkRun(history) {
  const { result } = history;
  const faults = [];
  const { exit, summary, hung, left, said, injuries, round, runnerKilled } = result;
  if (hung) faults.push('the run hangs');
  for (const one of left) faults.push(`left behind: ${one}`);
  for (const { node, pid, what } of history.all.filter(({ e }) => e === 'error')) {
    const expected = injuries.some((one) => one.node.startsWith('*')) || /interrupted|BrokerLost/.test(what);
    if (!expected) faults.push(`${node} ${pid} met ${what}`);
  }
  if (runnerKilled) return faults;
  if (exit === 3) faults.push('it was taken for a deadlock');
  // Without its broker a run can only end, and that it has lost it is no mistake of the programs'.
  const lost = injuries.some(({ node, how }) => node === '*broker' && how === 'SIGKILL');
  if (lost && exit === 70) return faults;
  if (exit === 70 || /Internal error/.test(said)) faults.push(`an internal error: ${said.slice(0, 300)}`);
  // Told to end before it was able to hear of it.
  if (summary === null && result.events.length === 0 && injuries.some(({ node }) => node === '*runner')) return faults;
  if (summary === null) return [...faults, `there is no summary; the run said ${said.slice(0, 300)}`];
  if (summary.exitCode !== exit) faults.push(`the exit code is ${exit}, and ${summary.exitCode} in the summary`);
  if (injuries.some(({ node, how }) => node === '*runner' && how !== 'SIGSTOP')) return faults;
  const broken = injuries.some(({ node, how }) => node === '*broker' && how === 'SIGKILL');
  const left_over = Object.entries(summary.queues).some(([, counts]) => counts?.left_over > 0);
  const failed = Object.entries(summary.nodes).filter(
    ([node, { outcome }]) => outcome === 'failed' && round.pipeline.processes[node]?.on_failure !== 'ignore',
  );
  const expected = failed.length > 0 || left_over || broken;
  if ((exit !== 0) !== expected && !(broken && exit === 0))
    faults.push(
      `the exit code is ${exit}, where ${failed.length} failed and ${left_over ? 'something is' : 'nothing is'} left over: ${summary.reason}`,
    );
  if (injuries.length === 0 && round.parts.every(({ attempts }) => !attempts) && !hasFailing(round) && exit !== 0)
    faults.push(`nobody was hurt, and the exit code is ${exit}: ${summary.reason}`);
  return faults;
}

function hasFailing({ pipeline }) {
  return Object.values(pipeline.processes).some(({ args }) => args?.[0].fail);
}
