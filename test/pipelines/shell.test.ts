// `forkline put`, `get` and the others, as scripts call them inside a run: what they say, how they end, and what becomes of what
// they took.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forkline, workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline } from '../kit/run-pipeline.ts';

async function run(yaml: string): Promise<Ran> {
  return runPipeline(join(workspace({ 'pipeline.yaml': yaml }), 'pipeline.yaml'));
}

/** A process with a script. */
function script(name: string, lines: string, more = ''): string {
  return [
    `  ${name}:`,
    '    run: |',
    ...lines
      .trim()
      .split('\n')
      .map((line) => `      ${line.trim()}`),
    more && `    ${more}`,
    '',
  ]
    .filter(Boolean)
    .join('\n');
}

describe('queues', () => {
  test('a priority may be negative, and infinite', async () => {
    const ran = await run(`queues: { p: { order: priority } }
processes:
${script(
  'all',
  `forkline put p --priority 2 third
  forkline put p --priority -1 second
  forkline put p --priority=-1.5 first
  forkline put p --priority -Infinity now
  forkline put p last --priority Infinity
  forkline get p -n 9`,
  'puts: p\n    gets: p',
)}`);
    expect(ran.lines('all')).toEqual(['now', 'first', 'second', 'third', 'last']);
  });

  test('values and lines are items: texts, or with `--json` anything', async () => {
    const ran = await run(`queues: { t: { encoding: text }, j: {}, b: { encoding: bytes } }
processes:
${script(
  'put',
  `forkline put t one "two words" "" -- --json
  forkline put t -- -
  printf 'three\\r\\n\\nfour' | forkline put t
  forkline put j --json 1 '{"a":[null]}' '"text"'
  forkline put j 1
  printf '\\377\\n' | forkline put b -`,
  'puts: [t, j, b]',
)}
${script(
  'get',
  `forkline get t -n 10 | tr '\\n\\r' '|<'
  echo
  while item=$(forkline get j --json); do echo "$item"; done
  forkline get b | od -An -tx1`,
  'gets: [t, j, b]\n    needs: put',
)}`);
    expect(ran.lines('get')).toEqual([
      'one|two words||--json|-|three<||four|',
      '1',
      '{"a":[null]}',
      '"text"',
      '"1"',
      ' ff 0a',
    ]);
    expect(ran.exitCode).toBe(0);
    expect(ran.left).toEqual([]);
  });

  test('what was taken stays with the process until it is done; the rest goes back when it fails', async () => {
    const ran = await run(`queues: { q: { encoding: text, from: [a, b, c, d, e] } }
processes:
${script(
  'first',
  `forkline get q -n 3
  forkline done q -n 1
  forkline get q
  exit 3`,
  'gets: q\n    on_failure: continue',
)}
${script('second', 'forkline get q -n 9', 'gets: q\n    needs: { first: completed }')}`);
    expect(ran.lines('first')).toEqual(['a', 'b', 'c', 'd']);
    expect(ran.lines('second')).toEqual(['b', 'c', 'd', 'e']);
    expect(ran.summary.queues['q']).toMatchObject({ done: 5, redelivered: 3, left_over: 0 });
  });

  test('after `--` there may be no value at all, and stdin is left alone', async () => {
    const ran = await run(`queues: { q: { encoding: text } }
processes:
${script(
  'all',
  `printf 'a\\nb\\n' | while read -r line; do set --; forkline put q -- "$@"; echo "$line"; done
  forkline get q --timeout 0 || echo "code $?"`,
  'puts: q\n    gets: q',
)}`);
    expect(ran.lines('all')).toEqual(['a', 'b', 'code 3']);
  });

  test('what cannot be put is said with its line, what came before it is put, and of words none is', async () => {
    const ran = await run(`queues: { j: {}, n: { item: { type: number } }, small: { maxsize: 2 } }
processes:
${script(
  'all',
  `exec 2>&1
  forkline put j --json 1 2 nope || echo "code $?"
  printf '3\\n4\\nnope\\n' | forkline put j --json || echo "code $?"
  forkline get j -n 9
  printf 'a\\nb\\377\\n' | forkline put j || echo "code $?"
  forkline put n 5 || echo "code $?"
  printf '5\\n"6"\\n' | forkline put n --json || echo "code $?"
  printf '5\\n6\\n7\\n' | forkline put small --timeout 0 || echo "code $?"
  forkline put small 7 --timeout 0 || echo "code $?"
  forkline get small -n 9; forkline get j; forkline get n`,
  'puts: [j, n, small]\n    gets: [j, n, small]',
)}`);
    expect(ran.lines('all')).toEqual([
      'forkline put: `nope` is not JSON; see `forkline put --help`',
      'code 2',
      'forkline put: line 3 of stdin: `nope` is not JSON; see `forkline put --help`',
      'code 2',
      '3',
      '4',
      'forkline put: line 2 of stdin: a value is not UTF-8; see `forkline put --help`',
      'code 2',
      'forkline put: the item for `n` does not fit `item`: it must be number; without `--json` a value is text',
      'code 1',
      'forkline put: line 2 of stdin: the item for `n` does not fit `item`: it must be number',
      'code 1',
      'forkline put: there was room for the first 2 only, in the time that `--timeout` gives',
      'code 3',
      'code 3',
      '5',
      '6',
      'a',
      '5',
    ]);
  });

  test('a folder on stdin is no values, and not none', async () => {
    const ran = await run(`queues: { q: {} }
processes:
${script(
  'all',
  `exec 2>&1
  forkline put q < . || echo "code $?"
  forkline output o < . || echo "code $?"
  forkline put q < /dev/null && echo none`,
  'puts: q\n    gets: q\n    outputs: o',
)}`);
    expect(ran.lines('all')).toEqual([
      'forkline put: cannot read stdin: it is a folder',
      'code 1',
      'forkline output: cannot read stdin: it is a folder',
      'code 1',
      'none',
    ]);
    expect(ran.summary.nodes['all']?.outputs).toEqual({});
  });

  test('a wrong call is told in a line', async () => {
    const ran = await run(`queues: { q: {} }
processes:
${script(
  'all',
  `exec 2>&1
  forkline get q -n -1 || echo "code $?"
  forkline get q --timeout -1 || echo "code $?"
  forkline get q --timeout || echo "code $?"
  forkline get q --wait || echo "code $?"
  forkline output =1 || echo "code $?"
  forkline gett q || echo "code $?"`,
  'gets: q\n    puts: q\n    outputs: o',
)}`);
    expect(ran.lines('all').filter((line) => line !== 'code 2')).toEqual([
      'forkline get: `-n -1` is no number of items from 1; see `forkline get --help`',
      'forkline get: `--timeout -1` is no duration, such as `500ms`, `30s` or `5m`; see `forkline get --help`',
      'forkline get: option `--timeout <value>` argument missing; see `forkline get --help`',
      'forkline get: unknown option `--wait`; see `forkline get --help`',
      'forkline output: `=1` has no name, expected `NAME=VALUE`; see `forkline output --help`',
      'forkline: unknown command `gett`',
      '  did you mean `get`?',
    ]);
  });

  test('items that nobody reads go back, and that is said', async () => {
    const ran = await run(`queues: { q: { encoding: text, from: [a, b] } }
processes:
${script(
  'reader',
  `exec 2>&1
  forkline get q -n 2 | true
  forkline get q -n 2 > /dev/full || echo "code $?"
  forkline get q -n 2 >&- || echo "code $?"
  forkline get q -n 2`,
  'gets: q',
)}`);
    expect(ran.lines('reader')).toEqual([
      'forkline get: its stdout cannot be written (EPIPE): the 2 that it took went back',
      'forkline get: its stdout cannot be written (ENOSPC): the 2 that it took went back',
      'code 1',
      'forkline get: its stdout is closed',
      'code 1',
      'a',
      'b',
    ]);
    expect(ran.summary.queues['q']).toMatchObject({ done: 2, left_over: 0 });
  });

  test('or are gone, where they are done when they are taken', async () => {
    const ran = await run(`queues: { q: { encoding: text, delivery: at-most-once, from: [a, b, c] } }
processes:
${script(
  'reader',
  `exec 2>&1
  forkline get q -n 2 > /dev/full || echo "code $?"
  forkline get q`,
  'gets: q',
)}`);
    expect(ran.lines('reader')).toEqual([
      'forkline get: its stdout cannot be written (ENOSPC): the 2 that it took are lost',
      'code 1',
      'c',
    ]);
    expect(ran.exitCode).toBe(0);
  });

  test('what is done when it is taken may be said to be done, too', async () => {
    const ran = await run(`queues: { q: { encoding: text, delivery: at-most-once, from: [a, b] } }
processes:
${script(
  'reader',
  `while item=$(forkline get q); do echo "$item"; forkline done q; done
  forkline done && echo through`,
  'gets: q',
)}`);
    expect(ran.lines('reader')).toEqual(['a', 'b', 'through']);
    expect(ran.exitCode).toBe(0);
  });

  test('the exit code says why there was nothing', async () => {
    const ran = await run(`queues: { empty: {}, full: { maxsize: 1 }, ended: {}, left: { leftover: warn } }
processes:
${script(
  'codes',
  `forkline get empty --timeout 0 || echo "empty $?"
  forkline get empty --timeout 100ms || echo "empty $?"
  forkline put full 1
  forkline put full 2 --timeout 0.1 || echo "full $?"
  forkline get ended || echo "ended $?"
  until code=0; forkline put left 1 || code=$?; [ $code -ne 0 ]; do :; done; echo "left $code"
  forkline get nowhere || echo "refused $?"
  forkline get full || echo "refused $?"
  forkline get || echo "wrong $?"
  forkline get empty --count 0 || echo "wrong $?"
  forkline get empty --what || echo "wrong $?"
  forkline get empty --timeout soon || echo "wrong $?"
  forkline done || echo "nothing $?"
  touch "$FORKLINE_RUN_DIR/go"`,
  'gets: [empty, ended]\n    puts: [full, left]',
)}
  closer: { run: "true", puts: ended }
  quick: { run: "true", gets: left }
  other: { run: 'until test -e "$FORKLINE_RUN_DIR/go"; do sleep 0.05; done; forkline get full', gets: full, puts: empty }`);
    expect(ran.lines('codes').filter((line) => !line.startsWith('forkline'))).toEqual([
      'empty 3',
      'empty 3',
      'full 3',
      'ended 4',
      'left 6',
      'refused 1',
      'refused 1',
      'wrong 2',
      'wrong 2',
      'wrong 2',
      'wrong 2',
      'nothing 1',
    ]);
  });

  test('a script whose stream broke has failed, whatever it makes of it', async () => {
    const ran = await run(`queues: { q: { encoding: text } }
processes:
  broken: { run: forkline put q a; exit 1, puts: q, on_failure: continue }
${script(
  'reader',
  `while item=$(forkline get q); do echo "$item"; done
  forkline get q || echo "code $?"`,
  'gets: q\n    on_failure: continue',
)}`);
    expect(ran.lines('reader').filter((line) => !line.startsWith('forkline'))).toEqual(['a', 'code 5']);
    expect(ran.summary.nodes['reader']).toMatchObject({ outcome: 'failed', exitcode: 0, cause: 'its input broke off' });
  });
});

describe('locks', () => {
  test('a command runs alone, and its exit code comes through', async () => {
    const ran = await run(`locks: { l: {} }
processes:
${script(
  'one',
  `forkline lock l -- sh -c 'exit 7' || echo "code $?"
  forkline lock l -- sh -c 'kill -9 $$' || echo "code $?"
  forkline lock l -- nothing-of-that-name || echo "code $?"
  forkline lock l -- forkline lock l --timeout 0 -- true || echo "code $?"
  forkline lock m -- true || echo "code $?"
  forkline lock l || echo "code $?"`,
  'locks: l',
)}`);
    expect(ran.lines('one').filter((line) => !line.startsWith('forkline'))).toEqual([
      'code 7',
      'code 137',
      'code 127',
      'code 3',
      'code 1',
      'code 2',
    ]);
    expect(ran.events.some(({ type }) => type === 'lock.abandoned')).toBe(false);
  });

  test('a command that outlives `forkline lock` has the lock until it ends', async () => {
    const ran = await run(`locks: { l: {} }
processes:
${script(
  'one',
  `forkline lock l -- sh -c 'echo $PPID > "$FORKLINE_RUN_DIR/holder"; until test -e "$FORKLINE_RUN_DIR/go"; do sleep 0.05; done; echo first' &
  until test -s "$FORKLINE_RUN_DIR/holder"; do sleep 0.05; done
  kill -9 "$(cat "$FORKLINE_RUN_DIR/holder")"
  forkline lock l --timeout 0.5 -- echo never || echo "code $?"
  touch "$FORKLINE_RUN_DIR/go"
  forkline lock l -- echo second`,
  'locks: l',
)}`);
    expect(ran.lines('one')).toEqual(['code 3', 'first', 'second']);
    expect(ran.left).toEqual([]);
  });

  test('what holds a lock is told to stop once, and the lock is given back', async () => {
    const ran = await run(`locks: { l: {} }
processes:
${script('holder', `exec forkline lock l -- sh -c 'trap "echo stopped; exit 0" TERM; echo up > "$FORKLINE_RUN_DIR/up"; while :; do sleep 0.05; done'`, 'locks: l')}
${script('watcher', 'until test -s "$FORKLINE_RUN_DIR/up"; do sleep 0.05; done; exit 1')}`);
    // (The shell has a word of its own for what it slept in.)
    expect(ran.lines('holder').filter((line) => line !== 'Terminated')).toEqual(['stopped']);
    expect(ran.left).toEqual([]);
  });
});

test('outputs and pipes', async () => {
  const ran = await run(`pipes: { line: [a, b] }
processes:
${script(
  'a',
  `forkline output v=1 w=a=b
  printf 'two\\nlines\\n' | forkline output m
  forkline output --json j='[1]'
  forkline output nope=1 || echo "code $?"
  forkline output --json v=oops || echo "code $?"
  forkline send line hello
  forkline recv line
  forkline recv line || echo "code $?"`,
  'outputs: [v, w, m, j]',
)}
${script('b', 'echo "$(forkline recv line) to you"; forkline send line --json \'{"x":1}\'')}`);
  expect(ran.lines('a').filter((line) => !line.startsWith('forkline'))).toEqual([
    'code 1',
    'code 2',
    '{"x":1}',
    'code 4',
  ]);
  expect(ran.lines('b')).toEqual(['hello to you']);
  expect(ran.summary.nodes['a']?.outputs).toEqual({ v: '1', w: 'a=b', m: 'two\nlines', j: [1] });
});

test('without anything to use, and outside of a run, the call says so', async () => {
  const ran = await run(`processes:
${script(
  'none',
  `forkline get q || echo "code $?"
  forkline ready && echo "code $?"`,
)}`);
  expect(ran.lines('none')).toEqual([
    expect.stringContaining('the pipeline lets `none` use no queue'),
    'code 1',
    'code 0',
  ]);
  const call = await forkline(workspace(), ['get', 'q'], '', { FORKLINE_PROCESS: '' });
  expect(call).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not inside a run') as string });
  expect((await forkline(workspace(), ['get', '--help'])).stdout).toContain('$ forkline get QUEUE [FLAGS]');
});

test('`forkline` is found by every process, whatever PATH and Node the pipeline gives', async () => {
  const ran = await run(`queues: { q: { encoding: text } }
processes:
  a: { run: forkline put q found, puts: q, env: { PATH: "/usr/bin:/bin" } }
  b: { command: [forkline, get, q], gets: q, env: { PATH: /nowhere } }`);
  expect(ran.lines('b')).toEqual(['found']);
});

test('scripts that wait for each other for ever are in a deadlock, also inside of `$(…)` and behind a `|`', async () => {
  const ran = await run(`pipes: { line: [a, b] }
processes:
${script('a', 'answer=$(forkline recv line); echo "$answer"')}
${script('b', 'forkline recv line | while read -r question; do forkline send line "$question"; done')}`);
  expect(ran.exitCode).toBe(3);
  expect(ran.events.find(({ type }) => type === 'deadlock')).toMatchObject({ circle: ['a', 'b'] });
  expect(ran.left).toEqual([]);
});

test('a script that reads what somebody else may still write is in none', async () => {
  const ran = await run(`pipes: { line: [a, b] }
processes:
${script('a', 'answer=$(forkline recv line); echo "$answer"')}
${script('b', '{ forkline recv line --timeout 4 || echo late; } | while read -r said; do forkline send line "$said"; done')}`);
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('a')).toEqual(['late']);
});
