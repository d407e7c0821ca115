// What the processes of a round wrote down, in the shape that the checkers ask for: who lived, who died and when, and what each did.

/** Everybody's lines as one list, each with its `pid` and `node`; and how everybody ended. */
export function historyOf(result) {
  const all = result.histories.flatMap(({ node, pid, lines }) => lines.map((line) => ({ ...line, node, pid })));
  all.sort((a, b) => a.t - b.t);
  const leaders = new Map();
  for (const event of result.events) if (event.type === 'node.started' && event.pid) leaders.set(event.pid, event.node);
  const lives = new Map(result.histories.map((one) => [one.pid, lifeOf(one, result, leaders)]));
  return { all, lives, result, lifeOf: (pid) => lives.get(pid) ?? { good: true, until: Infinity, stopped: [] } };
}

/** `good`: it succeeded, so that all it did counts. `until`: when it was killed, or what it did last. */
function lifeOf({ node, pid, lines }, { summary, injuries, events }, leaders) {
  const said = lines.some(({ e }) => e === 'bye');
  const outcome =
    summary?.nodes[node]?.outcome ??
    events.findLast((event) => event.type === 'node.ended' && event.node === node)?.outcome;
  const good = said && (!leaders.has(pid) || outcome === 'succeeded');
  const hit = injuries.find((one) => one.pid === pid && one.how === 'SIGKILL');
  const stopped = injuries.filter((one) => one.pid === pid && one.how === 'SIGSTOP');
  const poisoned = lines.find(({ e }) => e === 'poisoned')?.t;
  return {
    node,
    good,
    killed: hit !== undefined || poisoned !== undefined,
    until: good ? Infinity : (hit?.t ?? poisoned ?? lines.at(-1)?.t ?? 0),
    stopped,
  };
}

/** How much of the time from `from` to `to` it ran, in milliseconds, as far as it was not stopped. */
export function ranMs(life, from, to) {
  const stopped = life.stopped.map(({ t, until = Infinity }) => Math.max(0, Math.min(to, until) - Math.max(from, t)));
  return (to - from - stopped.reduce((a, b) => a + b, 0)) / 1e6;
}

export function ms(ns) {
  return `${(ns / 1e6).toFixed(1)} ms`;
}
