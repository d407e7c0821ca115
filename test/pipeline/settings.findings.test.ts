// What is found in pipelines, each finding at its line and column and nothing else: settings.
import { expect, test } from 'vitest';
import { planned } from '../kit/planned.ts';

const files = { 'some.env': 'X=1', 'cook.rb': '', 'a.py': '', 'a.mjs': '' };

test.each([
  [
    'a time limit that would end a process at once',
    `processes:
  a: { run: ls, timeout: 0 }`,
    ['2:26 error schema a time limit of 0 would end it at once; without a limit, leave it out'],
  ],
  [
    'settings from expressions are of the right type',
    `params: { many: lots }
queues: { q: { maxsize: "\${{ params.many }}" } }
processes:
  a: { run: ls, replicas: "\${{ params.many }}", puts: q, timeout: "\${{ params.many }}" }
  b: { run: ls, matrix: "\${{ params.many }}", gets: q }
  c: { run: ls, matrix: { x: "\${{ params.many }}" } }`,
    [
      '2:26 error bad-expression expected a whole number, 0 or more, but this is `"lots"`',
      '4:28 error bad-expression expected a whole number, 0 or more, but this is `"lots"`',
      '4:68 error bad-expression expected a duration such as `500ms`, `30s`, `5m` or a number of seconds, but this is `"lots"`',
      '5:26 error bad-expression expected a map of lists, but this is `"lots"`',
      '6:31 error bad-expression expected a list of values for `x`, but this is `"lots"`',
    ],
  ],
  [
    'what is left out of a matrix is named by its lists',
    `params: { out: [{ sise: 1 }] }
processes:
  a: { run: ls, matrix: { size: [1, 2], exclude: [{ size: 1 }, { sise: 1 }] } }
  b: { run: ls, matrix: { size: [1, 2], exclude: "\${{ params.out }}" } }`,
    ['3:66 error unknown-name there is no list `sise` here', '4:41 error unknown-name there is no list `sise` here'],
  ],
  [
    'a list of maps is hardly meant to be one whose name is nearly `exclude`',
    `processes:
  a: { run: ls, matrix: { size: [1, 2], exclud: [{ size: 1 }] } }
  b: { run: ls, matrix: { size: [1, 2], place: [{ x: 1 }], exclud: [1] } }`,
    ['2:41 warning unknown-name `exclud` is one more list of the matrix'],
  ],
  [
    'a file of variables must be there',
    `env_file: none.env
processes:
  a: { run: ls, env_file: [some.env, other.env] }`,
    [
      '1:11 error missing-file `env_file` `none.env` is not there',
      '3:38 error missing-file `env_file` `other.env` is not there',
    ],
  ],
  [
    'variables that nobody sees',
    `env: { A: 1, B: 2, C: 3, FORKLINE_TOKEN: 1 }
defaults: { env: { C: 4 } }
processes:
  a: { run: ls, env: { A: 2, B: "\${{ env.B }}" } }
  b: { run: ls, env: { A: 3, B: 4 } }`,
    [
      '1:8 warning shadowed-env no process sees this value of `A`, because all set it anew',
      '1:20 warning shadowed-env no process sees this value of `C`, because all set it anew',
      '1:26 warning shadowed-env `FORKLINE_TOKEN` is set by Forkline itself, and this value is never seen',
    ],
  ],
  [
    'what does not go with `holds`',
    `slots: 3
queues: { q: { from: [1] } }
locks: { l: {}, h: { scope: host }, m: {} }
processes:
  a: { run: ls, holds: h }
  b: { run: ls, holds: l }
  c: { run: ls, holds: [l, m], locks: l }
  d: { run: ls, each: q, holds: m }
  e: { run: ls, holds: { m: read } }
  f: { run: ls, holds: { m: reed } }`,
    [
      '7:25 error lock-order `c` holds lock `l` all the while, and would wait for itself',
      '9:26 error lock-kind lock `m` is not of `kind: rw`, and cannot be held to read',
      '10:26 error lock-kind lock `m` is not of `kind: rw`, and cannot be held to read',
      '10:29 error schema `m` cannot be `reed`, expected `read` or `write`',
    ],
  ],
  [
    'values that do not fit their queue, and settings that do not go together',
    `locks: { l: { kind: mutex, permits: 3 } }
queues:
  q: { delivery: at-most-once, attempts: 2, item: { type: integer }, from: [1, x] }
processes:
  a: { run: cat, stdin: { queue: q }, locks: l }`,
    [
      '1:28 error lock-kind `permits: 3` does not go with `kind: mutex`',
      '3:32 error schema `attempts` does not go with `delivery: at-most-once`',
      '3:80 error bad-item value 2 for queue `q` does not fit its `item`: it must be integer',
    ],
  ],
  [
    'an encoding that one side cannot speak',
    `queues: { p: { encoding: pickle }, b: { encoding: bytes } }
processes:
  js: { target: a.mjs#f, puts: [p, b], gets: p }
  py: { target: a.py#f, gets: [p, b] }
  any: { run: ls, puts: p }
  in: { run: ls, stdin: { queue: p }, stderr: { queue: b } }
  out: { run: ls, stdout: { queue: p } }
  from: { run: ls, stdin: { queue: b, format: json } }
  to: { run: ls, stdout: { queue: b, format: json } }`,
    [
      '3:33 error wrong-encoding `js` is JavaScript, and queue `p` carries what Python pickles',
      '3:46 error wrong-encoding `js` is JavaScript, and queue `p` carries what Python pickles',
      '6:34 error wrong-encoding queue `p` carries what Python pickles, which are no lines for `stdin`',
      '7:36 error wrong-encoding queue `p` carries what Python pickles, which are no lines for `stdout`',
      '8:39 error wrong-encoding queue `b` carries bytes, which are no JSON',
      '9:38 error wrong-encoding queue `b` carries bytes, which are no JSON',
    ],
  ],
  [
    'what is said about a lock and does not go together, each once',
    `locks:
  a: { kind: rw, permits: 2 }
  b: { permits: 2, reentrant: true }
  c: { kind: rw, reentrant: true, owned: false }
  d: { kind: rw, owned: false }
  e: { reentrant: true, owned: false, fair: strict }
  f: { scope: host, permits: 2 }
  g: { scope: host, kind: rw }
  h: { permits: 1, reentrant: true, scope: host, fair: strict }
  i: { permits: 2, owned: false }
processes: { p: { run: ls, locks: [a, b, c, d, e, f, g, h, i] } }`,
    [
      '2:18 error lock-kind `permits` does not go with `kind: rw`',
      '3:20 error lock-kind `reentrant` does not go with `permits: 2`',
      '4:18 error lock-kind `reentrant` does not go with `kind: rw`',
      '5:18 error lock-kind `owned: false` does not go with `kind: rw`',
      '6:25 error lock-kind `owned: false` does not go with `reentrant`',
      '7:8 error lock-kind `scope: host` does not go with `permits: 2`',
      '8:8 error lock-kind `scope: host` does not go with `kind: rw`',
    ],
  ],
  [
    'a value that no version knows is not called one of a later version',
    `queues: { q: { encoding: utf8 } }
processes: { a: { run: ls, puts: q, gets: q, retry: lots } }`,
    [
      '1:26 error schema `encoding` cannot be `utf8`, expected `json`, `text`, `bytes` or `pickle`',
      '2:53 error schema `retry` cannot be `lots`, expected a whole number or a map',
    ],
  ],
  [
    'what is wrong about starting something again, each once',
    `queues: { q: { from: [1] } }
processes:
  a: { run: ls, retry: { attempt: 3 } }
  b: { run: ls, retry: { attempts: 2, backoff: linear, delay: soon } }
  c: { run: ls, retry: { exit_codes: [900] }, stdin: { queue: q } }
  d: { run: ls, retry: -1, success_exit_codes: [-99] }
  o: { run: ls, retry: 3, stdin: { queue: q, done: exit } }
daemons:
  e: { run: ls, restart: sometimes }
  f: { run: ls, restart: { policy: maybe, max_delay: long } }
  g: { run: ls, restart: always, retry: 3 }`,
    [
      '3:26 error schema unknown key `attempt` in `retry`',
      '4:48 error schema `backoff` cannot be `linear`, expected `constant` or `exponential`',
      '4:63 error schema `delay` cannot be `soon`',
      '5:39 error schema item 1 of `exit_codes` cannot be `900`, expected at most 255',
      '5:47 warning retry-loses-items `c` is started again, and what was written to one that failed is lost',
      '6:24 error schema `retry` cannot be `-1`, expected at least 0',
      '6:49 error schema item 1 of `success_exit_codes` cannot be `-99`, expected at least -64',
      '7:27 warning retry-loses-items `o` may be started 4 times, and an item of queue `q` is given out 3 times at most: what it has not done by then is left over',
      '9:26 error schema `restart` cannot be `sometimes`',
      '10:36 error schema `policy` cannot be `maybe`, expected `never`, `on-failure` or `always`',
      '10:54 error schema `max_delay` cannot be `long`',
      '11:34 error schema `restart` says already when it is started again',
    ],
  ],
  [
    'a probe that can never hold, or is none',
    `params: { port: 0 }
processes:
  a: { run: ls, ready: { log: "(?=x)" } }
  b: { run: ls, ready: { log: x }, stdout: null, stderr: null }
  c: { run: ls, ready: { http: "localhost:80" } }
  d: { run: ls, ready: { tcp: "localhost:99999" } }
  e: { run: ls, ready: { tcp: "localhost:\${{ params.port }}" } }
  f: { run: ls, ready: { exec: "curl \${{ params.port }}" } }
  g: { run: ls, ready: { exec: [curl, "\${{ params.port }}"], interval: 0, timeout: 0 } }
  h: { run: ls, ready: { tcp: ":80" } }
  i: { run: ls, ready: { tpc: "h:1" } }
  j: { run: ls, ready: { tcp: "h:1", file: x } }
  k: { run: ls, ready: { tcp: "h:1", status: 200 } }
  l: { run: ls, needs: { m: ready } }
  m: { run: ls }`,
    [
      '3:31 error bad-probe this is no regular expression of RE2: invalid or unsupported Perl syntax: `(?=`',
      '4:26 error bad-probe no line of `b` is ever seen: its stdout and its stderr both go elsewhere',
      '5:32 error bad-probe `localhost:80` is no URL of `http`',
      '6:31 error bad-probe `localhost:99999` is no address',
      '7:32 error bad-expression `localhost:0` is no address',
      '8:38 error unsafe-interpolation an expression cannot stand in a script, where it could become code',
      '9:72 error schema it cannot be tried without a pause',
      '9:84 error schema within no time nothing becomes ready',
      '10:31 error bad-probe `:80` is no address',
      '11:26 error schema unknown key `tpc` in `ready`',
      '12:38 error schema `file` does not go with `tcp`',
      '13:38 error schema `status` does not go with `tcp`',
      '14:29 error needs-unreachable `m` can never be `ready`: it has no `ready`',
    ],
  ],
  [
    'what cannot be read is not complained of as what stands for it',
    `processes:
  a: *nope
  b: { run: ls, needs: [*nope], timeout: *nope }
  c: { run: ls, replicas: 12345678901234567890, env: { A: 12345678901234567890 } }`,
    [
      '2:6 error yaml-syntax no anchor `&nope` stands before this',
      '3:25 error yaml-syntax no anchor `&nope` stands before this',
      '3:42 error yaml-syntax no anchor `&nope` stands before this',
      '4:27 error yaml-syntax the number `12345678901234567890` is beyond 2^53 and would lose digits',
      '4:59 error yaml-syntax the number `12345678901234567890` is beyond 2^53 and would lose digits',
    ],
  ],
  [
    'a broken count is complained of once',
    `params: { n: { type: integer, default: lots } }
processes:
  a: { run: ls, replicas: "\${{ params.n }}" }
  b: { run: ls, needs: a.3, timeout: "\${{ params.n }}" }`,
    ['1:40 error bad-param the default of param `n` is not a value of it'],
  ],
  [
    'params must have values',
    `params:
  p: { type: integer }
  q: { type: string, enum: [a, b], default: c }
processes:
  a: { command: [ls, "\${{ params.p }}\${{ params.q }}"] }`,
    [
      '2:3 error bad-param param `p` has no value',
      '3:45 error bad-param the default of param `q` is not a value of it',
    ],
  ],
])('%s', async (_promise, yaml, findings) => {
  expect((await planned(yaml, { files })).findings).toEqual(findings);
});
