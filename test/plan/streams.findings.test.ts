// What is found in pipelines, each finding at its line and column and nothing else: streams.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const files = { 'some.env': 'X=1', 'cook.rb': '', 'a.py': '' };

test.each([
  [
    'a queue that nothing puts to would end at once',
    `queues: { q: {} }
processes:
  a: { run: ls, gets: q }
joins:
  j: { queues: q }`,
    ['1:11 error queue-without-producer nothing puts to queue `q`, so its end would come at once'],
  ],
  [
    'a queue that nothing takes from',
    `queues: { q: {} }
processes:
  a: { run: ls, stdout: { queue: q } }`,
    ['1:11 warning queue-without-consumer nothing takes from queue `q`'],
  ],
  [
    'dead letters that nobody takes, or where they cannot go',
    `queues:
  q: { dead_letter: none }
  r: { dead_letter: d, encoding: text }
  d: { item: {}, maxsize: 3, overflow: fail }
processes:
  a: { run: ls, puts: [q, r] }
  b: { run: ls, gets: [q, r] }`,
    [
      '2:21 error unknown-name there is no queue `none`',
      '3:21 error wrong-encoding queue `d` has `encoding: json`, and `r` has `text`',
      '4:3 warning queue-without-consumer nothing takes from queue `d`',
      '4:8 error dead-letter dead letters come to queue `d` as they are, whatever its `item`',
      '4:18 error dead-letter dead letters come to queue `d` however many wait there, whatever its `maxsize`',
      '4:30 error dead-letter dead letters come to queue `d` whatever its `overflow`',
    ],
  ],
  [
    'dead letters that come back',
    `queues:
  q: { dead_letter: q }
  r: { dead_letter: s }
  s: { dead_letter: r }
  t: { dead_letter: u }
  u: {}
processes:
  a: { run: ls, puts: [q, r, t] }
  b: { run: ls, gets: [q, r, s, t] }
  c: { run: ls, gets: u, puts: t }`,
    [
      '2:21 error dead-letter-loop what dies in queue `q` comes back to it: `q` → `q`',
      '3:21 error dead-letter-loop what dies in queue `r` comes back to it: `r` → `s` → `r`',
      '4:21 error dead-letter-loop what dies in queue `s` comes back to it: `s` → `r` → `s`',
      '5:21 error dead-letter-loop what dies in queue `t` comes back to it: `t` → `u` → `c` → `t`',
    ],
  ],
  [
    'dead letters of a queue that never ends',
    `queues: { q: { dead_letter: d, maxsize: 3 }, d: {} }
daemons:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q }
processes:
  c: { run: ls, gets: d }`,
    [
      '1:11 warning unjoined-queue only daemons take from queue `q`, and nothing waits until it is empty',
      '6:23 warning stream-never-ends `c` is never told an end: queue `d` never ends while the run lasts, because a queue whose dead letters come to it does not',
    ],
  ],
  [
    'what is used nowhere',
    `params: { p: 1 }
queues: { q: {} }
locks: { l: {} }
processes:
  a: { run: ls }`,
    [
      '1:11 warning unused param `p` is used nowhere',
      '2:11 warning unused queue `q` is used nowhere',
      '3:10 warning unused lock `l` is used nowhere',
    ],
  ],
  [
    'only daemons take from it',
    `queues: { q: {}, r: { leftover: ignore }, s: {} }
processes:
  a: { run: ls, puts: [q, r, s] }
daemons:
  d: { run: ls, gets: [q, r, s] }
joins:
  j: { queues: s }`,
    ['1:11 warning unjoined-queue only daemons take from queue `q`, and nothing waits until it is empty'],
  ],
  [
    'a consumer of a bounded queue cannot wait for its producer to end',
    `queues: { q: { maxsize: 5 }, free: {} }
processes:
  a: { run: ls, puts: [q, free] }
  b: { run: ls, gets: q, needs: a }
  c: { run: ls, gets: free, needs: a }`,
    [
      '4:23 error stream-deadlock `b` takes from queue `q` only after its producer `a` has ended, which waits when 5 items are in it',
    ],
  ],
  [
    'nor through a join, but with another consumer it may',
    `queues: { q: { maxsize: 5 }, r: { maxsize: 5 } }
processes:
  a: { run: ls, puts: [q, r] }
  b: { run: ls, gets: [q, r], needs: j }
  c: { run: ls, gets: r }
joins:
  j: { processes: a }`,
    [
      '4:24 error stream-deadlock `b` takes from queue `q` only after its producer `a` has ended, which waits when 5 items are in it',
    ],
  ],
  [
    'a join that goes on after its time makes nothing certain',
    `queues: { q: { maxsize: 5 } }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q, needs: j }
joins:
  j: { processes: a, timeout: 1s, on_timeout: continue }`,
    [],
  ],
  [
    'a producer cannot wait for its consumer to end',
    `queues: { q: {} }
processes:
  a: { run: ls, puts: q, needs: b }
  b: { run: ls, gets: q }`,
    ['3:23 error stream-deadlock `a` puts to queue `q` only after `b`, which takes from it, has ended'],
  ],
  [
    'a producer cannot wait for a join on its own queue',
    `queues: { q: {} }
processes:
  a: { run: ls, puts: q, needs: j }
  b: { run: ls, gets: q }
joins:
  j: { queues: q }`,
    ['3:23 error stream-deadlock `a` puts to queue `q` only after `j`, which waits for it, has ended'],
  ],
  [
    'the last consumer cannot wait for a join on its queue',
    `queues: { q: {} }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q, needs: j }
joins:
  j: { queues: q }`,
    ['4:23 error stream-deadlock `b` takes from queue `q` only after `j`, which waits until it is empty, has passed'],
  ],
  [
    'a stream that a daemon feeds never ends',
    `queues: { q: { maxsize: 1 }, r: { maxsize: 1 } }
processes:
  a: { run: ls, gets: r }
daemons:
  d: { run: ls, puts: q }
  e: { run: ls, gets: q, puts: r }
joins:
  j: { queues: r }`,
    [
      '1:11 warning unjoined-queue only daemons take from queue `q`, and nothing waits until it is empty',
      '3:23 warning stream-never-ends `a` is never told an end: queue `r` never ends while the run lasts, because a daemon puts to it',
      '8:16 error stream-never-ends `j` would wait for ever: queue `r` never ends while the run lasts, because a daemon puts to it',
    ],
  ],
  [
    'a daemon that puts without end and without a limit',
    `queues: { q: {} }
processes:
  a: { run: ls, gets: q }
daemons:
  d: { run: ls, puts: q }`,
    [
      '1:11 warning unbounded-queue daemon `d` puts to queue `q` without end, and `maxsize` sets no limit',
      '3:23 warning stream-never-ends `a` is never told an end: queue `q` never ends while the run lasts, because a daemon puts to it',
    ],
  ],
  [
    'a loop through a stdin, of which nobody could tell when it ends',
    `queues: { q: {} }
processes:
  a: { run: echo 1, puts: q }
  b: { run: cat, stdin: { queue: q }, stdout: { queue: q } }`,
    [
      '4:34 error stream-never-ends `b` reads queue `q` from its stdin and puts what comes back to it: nobody could tell when that ends',
    ],
  ],
  [
    'what is written by a stdout cannot be told to be all of a loop, either',
    `queues: { q: {}, r: {} }
processes:
  a: { run: ls, puts: q }
  b: { run: ls, gets: q, stdout: { queue: r } }
  c: { run: ls, gets: r, puts: q }`,
    [
      '4:43 error stream-never-ends `b` writes queue `r` by its stdout and takes what comes back of it: nobody could tell when that ends',
    ],
  ],
  [
    'a bounded loop can block on itself',
    `queues: { q: { maxsize: 5 }, r: { maxsize: 5 }, s: { maxsize: 1 }, t: {} }
processes:
  a: { run: ls, gets: q, puts: [r, s, t] }
  b: { run: ls, gets: r, puts: q }
  c: { run: ls, gets: [s, t] }`,
    [
      '1:11 warning bounded-loop queues `q`, `r` feed each other, and all are bounded: when they are full, all may wait',
    ],
  ],
  [
    'where no put waits for room, none waits for ever',
    `queues: { q: { maxsize: 5, overflow: drop_oldest }, r: { maxsize: 1, overflow: fail } }
processes:
  a: { run: ls, puts: [q, r] }
  b: { run: ls, needs: a, gets: [q, r], puts: q }`,
    [],
  ],
  [
    'items fed to one of several can be lost',
    `queues: { q: {}, r: {}, s: { delivery: at-most-once } }
processes:
  a: { run: ls, puts: [q, r, s] }
  b: { run: cat, replicas: 2, stdin: { queue: q } }
  c: { run: cat, replicas: 2, stdin: { queue: r, done: exit } }
  d: { run: cat, replicas: 2, stdin: { queue: s } }`,
    ['4:31 warning retry-loses-items `b` has several instances, and what was written to one that failed is lost'],
  ],
  [
    'what is done when it is taken never comes back',
    `queues: { q: { delivery: at-most-once, from: [1], dead_letter: d }, d: { to: { json: dead } } }
processes:
  a: { run: cat, stdin: { queue: q, done: exit } }`,
    [
      '1:64 error dead-letter an item of queue `q` is done when it is taken, so none ever becomes a dead letter',
      '3:37 error schema an item of queue `q` is done when it is taken, whatever becomes of the process: `done: exit` does not go with `delivery: at-most-once`',
    ],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml, { files })).findings).toEqual(findings);
});
