// Scenarios of runs beside each other, of strings that break things, and of secrets.
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { marked, proc } from './processes-of.mjs';

export const inputScenarios = {
  '55: runs in one folder know nothing of each other': async (scene) => {
    scene.innocent();
    const pipeline = {
      queues: { q: { from: [1, 2, 3] } },
      processes: { a: { run: 'cat; sleep 0.3', stdin: { queue: 'q' } } },
    };
    const crashed = scene.run(
      { ...pipeline, processes: { a: { run: 'cat; sleep 600', stdin: { queue: 'q' } } } },
      { name: '0' },
    );
    await scene.until(() => crashed.started('a'));
    const live = scene.run(
      {
        queues: pipeline.queues,
        processes: { a: { run: 'cat; while [ ! -e go ]; do sleep 0.05; done', stdin: { queue: 'q' } } },
      },
      { name: '1' },
    );
    await scene.until(() => live.started('a'));
    await crashed.killHard();
    const runs = [scene.run(pipeline, { name: '2' }), scene.run(null, { name: '3' })];
    scene.equal(await Promise.all(runs.map((run) => run.end())), [0, 0], 'exit codes');
    for (const run of runs) scene.equal(run.log('a').toString(), '1\n2\n3\n', 'what it read');
    scene.expect(live.rc === undefined, 'the live one was touched');
    scene.write('go', '');
    scene.equal(await live.end(), 0, 'exit code of the one that ran all the while');
    await scene.end();
  },

  '60: strings arrive as they are': async (scene) => {
    scene.write('dump.pl', dumps);
    mkdirSync(scene.at('work', 'out'));
    scene.ownAll();
    const escape = (text) => text.replaceAll('${{', "${{ '${{' }}");
    const runner = scene.run(
      {
        params: { one: { type: 'string' } },
        queues: {
          q: { from: naughty.filter((text) => !/[\n\r]/.test(text)).map(escape), encoding: 'text' },
          each: { from: naughty.map(escape), encoding: 'text' },
        },
        processes: {
          argv: {
            matrix: { s: naughty.map(escape) },
            command: ['perl', 'dump.pl', '${{ replica }}', '${{ matrix.s }}'],
            env: { NAUGHTY: '${{ matrix.s }}' },
          },
          param: { command: ['perl', 'dump.pl', 'param', '${{ params.one }}'], env: { NAUGHTY: '${{ params.one }}' } },
          items: { command: ['cat'], stdin: { queue: 'q' } },
          each: { each: 'each', workers: 2, run: 'printf "%s" "$ITEM" | od -An -v -tx1 | tr -d " \\n"; echo' },
        },
      },
      { args: ['--param', `one=${naughty.at(-1)}`] },
    );
    scene.equal(await runner.end(60_000), 0, `exit code (${runner.stderr.slice(0, 500)})`);
    const dumped = (name) => scene.read('work', 'out', name);
    naughty.forEach((text, at) => {
      const node = runner.events()[0].plan.nodes.filter(({ name }) => name === 'argv')[at];
      scene.equal(
        dumped(node.id),
        `${hex(text)}\n${hex(text)}\n`,
        `${JSON.stringify(text)} as an argument and a variable`,
      );
    });
    scene.equal(dumped('param'), `${hex(naughty.at(-1))}\n${hex(naughty.at(-1))}\n`, 'a parameter');
    const lines = naughty.filter((text) => !/[\n\r]/.test(text));
    scene.equal(runner.log('items').toString(), lines.map((line) => `${line}\n`).join(''), 'items on stdin');
    const workers = readdirSync(scene.at('work', 'run', 'logs')).filter((name) => name.startsWith('each'));
    const each = workers.flatMap((name) => scene.read('work', 'run', 'logs', name).split('\n')).filter(Boolean);
    scene.equal(each.toSorted(), naughty.map(hex).filter(Boolean).toSorted(), 'items of `each`');
    scene.equal(
      readdirSync(scene.at('work')).filter((name) => name.startsWith('owned')),
      [],
      'what an injection made',
    );
    await scene.end();
  },

  '60x: as a name, and as a folder': async (scene) => {
    for (const [at, text] of naughty.entries()) {
      if (text === '' || /[/\0]/.test(text) || Buffer.byteLength(text) > 200 || ['.', '..'].includes(text)) continue;
      mkdirSync(scene.at('work', `f${text}`), { recursive: true });
      if (at % 6 !== 0) continue;
      const named = scene.run({ processes: { [text]: { run: 'true' } } }, { name: `n${at}` });
      const rc = await named.end();
      scene.expect(rc === 0 || rc === 2, `exit code ${rc} for the name ${JSON.stringify(text)}`);
    }
    scene.ownAll();
    const folders = readdirSync(scene.at('work')).filter((name) => name.startsWith('f'));
    const processes = Object.fromEntries(
      folders.map((name, at) => [
        `p${at}`,
        { run: 'pwd -P; printf x >here', cwd: name.replaceAll('${{', "${{ '${{' }}"), stdin: { file: '/dev/null' } },
      ]),
    );
    const runner = scene.run({ processes });
    scene.equal(await runner.end(60_000), 0, `exit code (${runner.stderr.slice(0, 500)})`);
    folders.forEach((name, at) => {
      scene.equal(runner.log(`p${at}`).toString(), `${scene.at('work', name)}\n`, `the folder ${JSON.stringify(name)}`);
      scene.equal(scene.read('work', name, 'here'), 'x', `what is in ${JSON.stringify(name)}`);
    });
    await scene.end();
  },

  '62: a secret is seen nowhere': async (scene) => {
    const secret = 'tr0ub4dor & 3\'"\\/ü';
    scene.write('leak.py', leaks);
    const runner = scene.run(
      {
        secrets: ['TOKEN'],
        env: { HEADER: 'Bearer ${{ env.TOKEN }}' },
        queues: { q: {}, each: { from: ['a', 'b'], dead_letter: 'dead' }, dead: { leftover: 'ignore' } },
        processes: {
          a: { command: ['python3', 'leak.py'], on_failure: 'continue' },
          b: { run: 'echo "{$TOKEN"', stdout: { queue: 'q', format: 'json' }, on_failure: 'continue' },
          c: { run: 'cat', stdin: { queue: 'q' }, on_failure: 'continue' },
          d: { each: 'each', run: 'echo "failed with $HEADER" >&2; exit 1', on_failure: 'continue' },
          e: { run: 'set -x; echo "$HEADER"; sleep 0.5' },
        },
      },
      { args: ['-v', '--reporter', 'plain', '--reporter', 'json=events.json'], env: { TOKEN: secret } },
    );
    const seen = new Set();
    while (runner.rc === undefined) {
      for (const pid of marked(scene.mark))
        if (proc(pid, 'cmdline').includes('tr0ub4')) seen.add(proc(pid, 'cmdline').replaceAll('\0', ' '));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    scene.equal(await runner.end(), 1, 'exit code');
    scene.equal([...seen], [], 'arguments that show it');
    const traces = [
      'tr0ub4dor',
      'tr0ub',
      'dHIwdWI0ZG9y',
      'RyMHViNGRvc',
      '0cjB1YjRkb3',
      '747230756234',
      'tr0ub4dor'.slice(1, 7),
    ];
    const files = filesUnder(scene.at('work')).filter((file) => !file.endsWith('leak.py'));
    const texts = [
      ['the screen', runner.stdout + runner.stderr],
      ...files.map((file) => [file, readFileSync(file, 'latin1')]),
    ];
    for (const [where, text] of texts)
      scene.equal(
        traces.filter((trace) => text.includes(trace)),
        [],
        `traces in ${where}`,
      );
    scene.expect(runner.log('a').toString().includes('***'), 'it was not even printed');
    await scene.end();
  },
};

function hex(text) {
  return Buffer.from(text).toString('hex');
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

const dumps = String.raw`my ($name, $text) = @ARGV;
$name = $ENV{FORKLINE_PROCESS} if $name =~ /^\d+$/;
open my $out, '>', "out/$name";
print $out unpack('H*', $_), "\n" for $text, $ENV{NAUGHTY};
`;

const leaks = `import base64, json, os, sys, time, urllib.parse
token = os.environ["TOKEN"]
print(token, repr(token), json.dumps(token), urllib.parse.quote(token), urllib.parse.quote_plus(token), token.encode().hex())
for before in (b"", b"1", b"12"):
    print(base64.b64encode(before + token.encode()).decode())
sys.stdout.flush()
half = len(token.encode()) // 2
os.write(1, token.encode()[:half]); time.sleep(0.4); os.write(1, token.encode()[half:] + b"\\n")
for byte in token.encode(): os.write(2, bytes([byte]))
raise ValueError("crashed with " + token)
`;

/** After the Big List of Naughty Strings, and some that inject. */
const naughty = [
  '',
  ' ',
  'undefined',
  'null',
  'NULL',
  'true',
  'no',
  '-1',
  '1e309',
  '0x1A',
  '1,000',
  '$HOME',
  '${HOME}',
  '$(touch owned1)',
  '`touch owned2`',
  '; touch owned3',
  '| touch owned4',
  '&& touch owned5',
  '\n touch owned6\n',
  "' ; touch owned7; '",
  '" ; touch owned8; "',
  '\\',
  '\\\\"',
  "'",
  '"',
  "''''\"",
  '-rf',
  '--help',
  '--',
  '*',
  '?',
  '[a-z]',
  '~root',
  '!!',
  '!event',
  '%s%n%x%d',
  '%00',
  '../../etc/passwd',
  '/dev/null; touch owned9',
  '<script>alert(1)</script>',
  '${{ params.one }}',
  '${{ run.id }}',
  '}} ${{',
  "${{ '",
  '#{x}',
  '{{x}}',
  '$${x}',
  '田中さんにあげて下さい',
  '😍 👩🏽‍💻',
  'ﷺ',
  'הָיְתָהtestالصفحات',
  '\u202etest\u202d',
  'Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮',
  '\ufeffbom',
  '\u00a0\u2028\u2029',
  'é é',
  '\t\u000b\f',
  '\u001b[31mred\u001b[0m',
  '\r\nSet-Cookie: x',
  'a=b=c',
  '=',
  'CON',
  'aux.txt',
  'DROP TABLE users;--',
  '{"json": ["x"]}',
  '- yaml: [x',
  '&anchor *alias',
  '<<: x',
  '# comment',
  'x'.repeat(5000),
  'trailing space ',
  '𝓣𝓱𝓮',
  'ＦＵＬＬ',
  '$(touch owned10)\n`touch owned11`;touch owned12',
];
