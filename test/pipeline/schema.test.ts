import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from './checking.ts';

const tenMistakes = `name: dumpling-house
timeout: 5x
queues:
  dishes: { maxsize: -1, encoding: jsn }
processes:
  chef:
    run: cook
    target: ./kitchen.ts#cook
    depends_on: bill
  bill:
    rum: echo "all served"
    needs: [chef, 5]
    tty: yes
daemons:
  2nd: { run: eat, maxsize: 3 }
`;

test('ten mistakes in a file are ten findings, each at its line and column, and nothing besides', () => {
  expect(check(tenMistakes).found).toEqual([
    '2:10 5x: `timeout` cannot be `5x`',
    '4:22 -1: `maxsize` cannot be `-1`, expected at least 0',
    '4:36 jsn: `encoding` cannot be `jsn`, expected `json`, `text`, `bytes` or `pickle`',
    '8:5 target: `target` does not go with `run`',
    '9:5 depends_on: unknown key `depends_on` in a process',
    '11:5 rum: unknown key `rum` in a process',
    '12:19 5: item 2 of `needs` cannot be `5`, expected text',
    '13:10 yes: `tty` cannot be `yes`, expected `true` or `false`',
    '15:3 2nd: `2nd` cannot be a name here',
    '15:20 maxsize: unknown key `maxsize` in a daemon',
  ]);
});

describe('one cause is one finding, in words that help', () => {
  const cases: Record<string, [string, string, string | undefined]> = {
    'an unknown key is compared with the known ones': [
      'processes: { a: { run: x, nedds: y } }',
      '1:27 nedds: unknown key `nedds` in a process',
      'did you mean `needs`?',
    ],
    'two swapped letters are one slip, in a short word too': [
      'processes: { a: { run: x, evn: { A: y } } }',
      '1:27 evn: unknown key `evn` in a process',
      'did you mean `env`?',
    ],
    'and nearer than two others': [
      'processes: { a: { run: x, gtes: y } }',
      '1:27 gtes: unknown key `gtes` in a process',
      'did you mean `gets`?',
    ],
    'a word of other tools is translated': [
      'processes: { a: { run: x, workingDirectory: y } }',
      '1:27 workingDirectory: unknown key `workingDirectory` in a process',
      'did you mean `cwd`?',
    ],
    'a bare name for a stream says what can stand there': [
      'processes: { a: { run: x, stdin: orders } }',
      '1:34 orders: `stdin` cannot be `orders`',
      'standard input comes from `{queue: NAME}`, `{process: NAME}` or `{file: path}`; `null` is none',
    ],
    'and so does a bare file': [
      'processes: { a: { run: x, stdout: out.txt } }',
      '1:35 out.txt: `stdout` cannot be `out.txt`',
      'output goes to `{queue: NAME}` or `{file: path}`; `null` is nowhere',
    ],
    'a key of another kind is named as such': [
      'processes: { a: { run: x, maxsize: 1 } }',
      '1:27 maxsize: unknown key `maxsize` in a process',
      '`maxsize` is a key of a queue',
    ],
    'what only the top level has is named as such': [
      'joins: { a: { processes: b, secrets: c } }',
      '1:29 secrets: unknown key `secrets` in a join',
      '`secrets` stands at the top level',
    ],
    'a misspelt launch is not missing, too': [
      'processes: { a: { comand: [x] } }',
      '1:19 comand: unknown key `comand` in a process',
      'did you mean `command`?',
    ],
    'a process that says nothing': [
      'processes: { a: {} }',
      '1:14 a: `a` lacks one of `run`, `command`, `uses` or `target`',
      'exactly one of `run`, `command`, `target` and `uses` says what runs; `shell` goes with `run` only',
    ],
    'arguments where no target is': [
      'processes: { a: { run: x, args: [1] } }',
      '1:27 args: `args` does not go with `run`',
      '`run` is a shell script of its own: `command`, `target`, `args`, `kwargs` and `uses` do not go with it',
    ],
    'a shell where no script is': [
      'processes: { a: { target: x.ts#y, shell: sh } }',
      '1:35 shell: `shell` does not go with `target`',
      'exactly one of `run`, `command`, `target` and `uses` says what runs; `shell` goes with `run` only',
    ],
    'workers without each': [
      'processes: { a: { run: x, workers: 2 } }',
      '1:27 workers: `workers` goes with `each` only',
      undefined,
    ],
    'a line where a list belongs': [
      'processes: { a: { command: sleep 5 } }',
      '1:28 sleep 5: `command` cannot be `sleep 5`',
      'a command is a list of a program and its arguments, such as `[node, build.js]`; a line for a shell is `run`',
    ],
    'a number where text belongs': ['name: 5', '1:7 5: `name` cannot be `5`, expected text', 'for text write `"5"`'],
    'a signal without its SIG': [
      'defaults: { stop: { signal: TERM } }',
      '1:29 TERM: `signal` cannot be `TERM`, expected `SIGTERM`, `SIGINT`, `SIGHUP`, `SIGQUIT`, `SIGUSR1`, `SIGUSR2`, `SIGWINCH` or `SIGKILL`',
      'did you mean `SIGTERM`?',
    ],
    'an empty section': [
      'processes:\n',
      '1:1 processes: `processes` cannot be empty, expected a map',
      'give it a value, or remove the key',
    ],
    'two sources of stdin': [
      'processes: { a: { run: x, stdin: { queue: q, file: f } } }',
      '1:46 file: `file` does not go with `queue`',
      'standard input comes from one of `queue`, `process` and `file`',
    ],
    'a join of the first few, and of queues': [
      'joins: { a: { processes: [b], mode: any, queues: q } }',
      '1:42 queues: `queues` does not go with `mode`',
      '`queues` go with `mode: all` only',
    ],
    'a join that waits for nothing': [
      'joins: { a: { timeout: 5s } }',
      '1:10 a: `a` lacks one of `processes` or `queues`',
      'a join waits for `processes`, `queues`, or both; `mode` and `on_pass` go with `processes`',
    ],
    'a pipe with one end': [
      'pipes: { a: [b] }',
      '1:13 [b]: `a` cannot be a list of 1, expected a list of 2',
      undefined,
    ],
    'a list for a file': ['- a\n', '1:1 - a: the pipeline cannot be a list of 1, expected a map', undefined],
    'text for a file': ['hello', '1:1 hello: the pipeline cannot be `hello`, expected a map', undefined],
    'a daemon with a key of processes': [
      'daemons: { a: { run: x, each: q } }',
      '1:25 each: unknown key `each` in a daemon',
      '`each` is a key of a process',
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [text, found, hint]) => {
    const checked = check(text);
    expect(checked.found).toEqual([found]);
    expect(checked.diagnostics[0]?.hint).toBe(hint);
  });
});

describe('what fits goes on, so that wrong names elsewhere are found as well', () => {
  test('a name stays whatever is wrong with what it names', () => {
    expect(check(tenMistakes).file).toEqual({
      name: 'dumpling-house',
      queues: { dishes: { encoding: 'json' } },
      processes: { chef: { run: 'cook', needs: 'bill' }, bill: { run: 'echo "all served"', needs: ['chef'] } },
      daemons: { '2nd': { run: 'eat' } },
    });
  });

  test('what is nothing at all is an empty map under its name', () => {
    const text =
      'queues: { a: 5 }\nlocks: { b: [] }\npipes: { c: [x] }\nprocesses: { d: text, e: { run: 5 } }\njoins: { f: null }\n';
    expect(check(text).file).toEqual({
      queues: { a: {} },
      locks: { b: {} },
      pipes: { c: {} },
      processes: { d: {}, e: {} },
      joins: { f: {} },
    });
  });

  test('what lacks its main part goes as a whole', () => {
    expect(
      check('processes: { a: { run: x, stdin: { queue: 5, format: json }, stdout: { append: true } } }').file,
    ).toEqual({
      processes: { a: { run: 'x' } },
    });
  });

  test('a list ends before its first misfit, so that places stay true', () => {
    expect(check('processes: { a: { run: x, puts: [q, 5, r] } }').file).toEqual({
      processes: { a: { run: 'x', puts: ['q'] } },
    });
  });

  test('a file that is no map is an empty pipeline', () => {
    expect(check('[1]').file).toEqual({});
  });

  test('a file without mistakes goes on as it is', () => {
    const { file, document } = check('processes: { a: { run: x } }');
    expect(file).toBe(document?.value);
  });
});

describe('a number reaches a program as it was written', () => {
  test('or it is a finding', () => {
    expect(
      check('env: { VERSION: 1.10 }\nprocesses: { a: { command: [chmod, 0o644, 1e3], env: { A: +5 } } }').found,
    ).toEqual([
      '1:17 1.10: `1.10` would be handed over as `1.1`',
      '2:36 0o644: `0o644` would be handed over as `420`',
      '2:43 1e3: `1e3` would be handed over as `1000`',
      '2:59 +5: `+5` would be handed over as `5`',
    ]);
  });

  test('also by an alias or a merge', () => {
    expect(
      check('x-n: &n { A: 1.0 }\nenv: { <<: *n, B: 8080, C: -1.5 }\nx-m: &m 2.0\ndefaults: { env: { D: *m } }').found,
    ).toEqual(['1:14 1.0: `1.0` would be handed over as `1`']);
  });
});

describe('what may be written', () => {
  const right: Record<string, string> = {
    'expressions where numbers stand': 'slots: ${{ params.n }}\nqueues: { q: { maxsize: "${{ params.n }}" } }',
    'expressions where durations stand': 'timeout: ${{ params.s }}s',
    'numbers, booleans and text in env': 'env: { A: 1, B: true, C: x }',
    'numbers in a command': 'processes: { a: { command: [sleep, 5] } }',
    'names of any script': 'processes: { 厨师: { run: x }, café: { run: y }, _a-1: { run: z } }',
    'keys for anchors': 'x-base: &b { cwd: a }\nprocesses: { a: { <<: *b, run: x, x-note: y } }',
    'null for a stream that is thrown away': 'processes: { a: { run: x, stdout: null, stderr: ~ } }',
    'a join by number': 'joins: { a: { processes: b, mode: 2 } }',
    'a shell of any kind': 'processes: { a: { run: x, shell: [python3, -c] } }',
  };
  test.each(Object.entries(right))('%s', (_, text) => {
    expect(check(text).found).toEqual([]);
  });

  test.each(['5', '5.5s', '500ms', '2h', '30s', '0', '0.01'])('%s is a duration', (duration) => {
    expect(check(`timeout: ${duration}`).found).toEqual([]);
  });

  test.each(['-1', '5 s', 's', '5d', '1m30s', '"5"', 'five', '[]', 'true'])('%s is none', (duration) => {
    expect(check(`timeout: ${duration}`).found).toHaveLength(1);
  });

  test.each(['2nd', '-a', 'a.1', 'a b', '""', 'a/b', '"a\\tb"'])('%s is no name', (name) => {
    expect(check(`queues: { ${name}: {} }`).found).toHaveLength(1);
  });
});

test('a file with nothing but mistakes is answered with the first two hundred', () => {
  const processes = Array.from({ length: 20_000 }, (_, index) => `  p${index}: { rum: x }\n`).join('');
  const { found } = check(`processes:\n${processes}`);
  expect(found).toHaveLength(201);
  expect(found.at(-1)).toContain('there are more mistakes of shape from here on');
});

describe('whatever a map holds', () => {
  const keys = [
    'processes',
    'daemons',
    'queues',
    'joins',
    'pipes',
    'params',
    'env',
    'a',
    'b',
    'run',
    'command',
    'target',
    'stdin',
    'queue',
    'file',
    'ready',
    'http',
    'tcp',
    'needs',
    'retry',
    'between',
    'from',
    '2x',
    'x-y',
  ];
  const leaf = fc.constantFrom<unknown>('x', 'f.ts#g', 5, -1, true, null, [], {}, ['x', 5]);
  const map = (part: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...keys), part, { maxKeys: 5 });
  const anyFile = map(fc.oneof(leaf, map(fc.oneof(leaf, map(fc.oneof(leaf, map(leaf)))))));

  test('what goes on fits, but for what a name still lacks', () => {
    fc.assert(
      fc.property(anyFile, (value) => {
        const { file } = check(JSON.stringify(value));
        const left = check(JSON.stringify(file)).found.map((found) => found.replace(/^\S+ .*?: /, ''));
        expect(left.filter((message) => !/ lacks | cannot be a name here$/.test(message))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

test('a queue or a lock that is declared by its name alone has its settings by default', () => {
  const { found, file } = check('queues:\n  words:\n  lines: { maxsize: 5 }\nlocks:\n  till:\n');
  expect(found).toEqual([]);
  expect(file).toEqual({ queues: { words: {}, lines: { maxsize: 5 } }, locks: { till: {} } });
});
