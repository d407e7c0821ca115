// The schema as editors use it: yaml-language-server runs for real and is asked what it would show.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LanguageServer } from './language-server.ts';

const schema = new URL('../../schemas/pipeline.schema.json', import.meta.url).href;
let server: LanguageServer;

beforeAll(async () => {
  server = await LanguageServer.start(schema);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Each text has one mistake, between `⟦` and `⟧`: that is where the editor must point, and nowhere else. */
const mistakes: Record<string, string> = {
  'an unknown key': 'processes:\n  chef:\n    run: cook\n    ⟦depens_on⟧: bill\n',
  'an unknown key at the top level': 'processes: {}\n⟦procceses⟧: {}\n',
  'a duration that is none': 'timeout: ⟦5x⟧\n',
  'a value that is no choice': 'processes:\n  chef:\n    run: cook\n    on_failure: ⟦retry⟧\n',
  'a number out of range': 'queues:\n  dishes:\n    maxsize: ⟦-1⟧\n',
  'text where a number or an expression stands': 'processes:\n  chef:\n    run: cook\n    replicas: ⟦two⟧\n',
  'two launches': 'processes:\n  chef:\n    run: cook\n    ⟦command⟧: [cook]\n',
  'no launch': 'processes:\n  ⟦chef⟧:\n    cwd: kitchen\n',
  'a typo inside a value that may also be text':
    'daemons:\n  eater:\n    run: eat\n    restart:\n      policy: always\n      ⟦atempts⟧: 3\n',
  'a name that is none': 'locks:\n  ⟦2nd⟧: {}\n',
  'arguments without a target': 'processes:\n  chef:\n    run: cook\n    ⟦args⟧: [1]\n',
  'a join that waits for nothing': 'joins:\n  ⟦served⟧:\n    timeout: 5s\n',
  'a condition that is none': 'processes:\n  chef:\n    run: cook\n    needs:\n      bill: ⟦done⟧\n',
  'an order that is none': 'queues:\n  dishes:\n    order: ⟦lifoo⟧\n',
  'an overflow that is none': 'queues:\n  dishes:\n    overflow: ⟦drop⟧\n',
  'an encoding that is none': 'queues:\n  dishes:\n    encoding: ⟦utf8⟧\n',
  'a misspelt key of a queue': 'queues:\n  dishes:\n    ⟦dead_leter⟧: bad\n',
  'no attempts at all': 'queues:\n  dishes:\n    attempts: ⟦0⟧\n',
  'a file to write to that is no map': 'queues:\n  dishes:\n    to: ⟦out.txt⟧\n',
  'a misspelt key in what an item comes from': 'queues:\n  dishes:\n    from:\n      lines: a.txt\n      ⟦jsn⟧: b\n',
  'a kind of lock that is none': 'locks:\n  page:\n    kind: ⟦semaphore⟧\n',
  'no permits at all': 'locks:\n  seats:\n    permits: ⟦0⟧\n',
  'a scope that is none': 'locks:\n  deploy:\n    scope: ⟦machine⟧\n',
  'a misspelt key of a lock': 'locks:\n  seats:\n    ⟦permit⟧: 3\n',
  'a pipe with one end': 'pipes:\n  line: ⟦[chef]⟧\n',
  'a misspelt key of a pipe': 'pipes:\n  line:\n    between: [chef, bill]\n    ⟦duplx⟧: false\n',
  'a misspelt key of a stdin':
    'processes:\n  chef:\n    run: cook\n    stdin:\n      process: list\n      ⟦formt⟧: json\n',
  'a target without an export': 'processes:\n  chef:\n    target: ⟦./kitchen.ts⟧\n',
};

describe('the editor shows one diagnostic, at the key', () => {
  test.each(Object.entries(mistakes))('for %s', async (_, marked) => {
    const start = marked.indexOf('⟦');
    const text = marked.replace(/[⟦⟧]/g, '');
    const end = marked.indexOf('⟧') - 1;
    const shown = await server.diagnose(text);
    expect(shown.map(({ range }) => range)).toEqual([{ start: spot(text, start), end: spot(text, end) }]);
  });

  test('and none for a pipeline that uses most of the language', async () => {
    expect(await server.diagnose(dumplingHouse)).toEqual([]);
  });
});

describe('the editor explains and completes', () => {
  test('a key under the cursor is explained', async () => {
    expect(await server.hover('processes:\n  chef:\n    run: cook\n    need|s: bill\n')).toContain(
      'What must hold before it starts',
    );
  });

  test('a key inside a queue is explained', async () => {
    expect(await server.hover('queues:\n  dishes:\n    max|size: 5\n')).toContain('How many items may wait');
  });

  test('the choices of a value are explained', async () => {
    expect(await server.hover('queues:\n  dishes:\n    order: li|fo\n')).toContain('Last in, first out');
  });

  test('the keys of a process are offered', async () => {
    const offered = await server.complete('processes:\n  chef:\n    run: cook\n    |\n');
    expect(offered).toEqual(expect.arrayContaining(['needs', 'puts', 'gets', 'replicas', 'matrix', 'on_failure']));
  });

  test('the conditions of a need are offered', async () => {
    const offered = await server.complete('processes:\n  chef:\n    run: cook\n    needs:\n      bill: |\n');
    expect(offered).toEqual(expect.arrayContaining(['succeeded', 'completed', 'failed', 'started', 'ready', 'passed']));
  });

  test('the sections of a file are offered', async () => {
    const offered = await server.complete('name: x\n|\n');
    expect(offered).toEqual(expect.arrayContaining(['processes', 'daemons', 'queues', 'locks', 'joins', 'params']));
  });
});

/** As the editor counts, from 0; its text has a first line of its own. */
function spot(text: string, offset: number): { line: number; character: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, character: before.at(-1)?.length ?? 0 };
}

const dumplingHouse = `
name: dumpling-house
x-base: &base { cwd: ., timeout: 30s }
params:
  portions: { type: integer, default: 10, minimum: 1 }
  greeting: hello
env: { LOG_LEVEL: debug, WORKERS: 4 }
slots: \${{ params.portions }}
queues:
  dishes: { maxsize: 5, item: { type: string }, from: [a, b], dead_letter: bad }
  bad: {}
pipes:
  line: [chef, bill]
locks:
  mutex: {}
  page: { kind: rw }
processes:
  chef:
    <<: *base
    target: ./kitchen.ts#cook
    matrix: { dish: [包子, 骨头, 泔水], include: [{ dish: 汤 }] }
    args: ["\${{ matrix.dish }}", "\${{ params.portions }}"]
    puts: dishes
    retry: { attempts: 2, delay: 1s, backoff: exponential }
  bill:
    run: echo "all served"
    needs: { served: passed }
    stdin: null
    stdout: { file: out.txt, append: true }
  厨师:
    command: [sleep, 5]
    replicas: \${{ params.portions }}
    on_failure: ignore
daemons:
  eater:
    target: ./kitchen.py#eat
    replicas: 2
    gets: dishes
    ready: { tcp: "127.0.0.1:80", timeout: 5s }
    restart: on-failure
joins:
  served: { processes: [chef, 厨师], queues: dishes, timeout: 30s, on_timeout: continue }
  race: { processes: chef, mode: any, on_pass: terminate }
`;
