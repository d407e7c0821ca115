import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/pipeline/diagnostic.ts';
import { Source } from '../../src/pipeline/source.ts';
import { formatDiagnostics } from '../../src/report/diagnostics.ts';

/** A finding about what stands between `⟦` and `⟧`. */
function finding(marked: string, more: Partial<Diagnostic> = {}): { source: Source; diagnostic: Diagnostic } {
  const source = new Source('kitchen.yaml', marked.replace(/[⟦⟧]/g, ''));
  const span = { start: marked.indexOf('⟦'), end: marked.indexOf('⟧') - 1 };
  const base = {
    code: 'schema',
    severity: 'error',
    message: 'it is wrong',
    file: 'kitchen.yaml',
    related: [],
  } as const;
  return { source, diagnostic: { ...base, span, ...more } };
}

function text(marked: string, more: Partial<Diagnostic> = {}, colour = false): string {
  const { source, diagnostic } = finding(marked, more);
  return formatDiagnostics([diagnostic], [source], 'text', { colour });
}

function frame(marked: string): string[] {
  return text(marked).split('\n').slice(2, 4);
}

describe('for people', () => {
  test('a finding names its place, shows the line and marks what is meant', () => {
    expect(
      text('a: 1\nprocesses:\n  chef: { ⟦rum⟧: x }\n', { hint: 'did you mean `run`?' }),
    ).toBe(`error[schema] it is wrong
  at kitchen.yaml:3:11
  3 |   chef: { rum: x }
    |           ^^^
  hint: did you mean \`run\`?

1 error
`);
  });

  test('the other end of a conflict is shown, too', () => {
    const related = [{ message: 'the first time', span: { start: 0, end: 1 } }];
    expect(text('a: 1\n⟦a⟧: 2\n', { severity: 'warning', related })).toBe(`warning[schema] it is wrong
  at kitchen.yaml:2:1
  2 | a: 2
    | ^
  the first time:
  at kitchen.yaml:1:1
  1 | a: 1
    | ^

1 warning
`);
  });

  test('no finding is said as well', () => {
    const source = new Source('kitchen.yaml', '');
    expect(formatDiagnostics([], [source], 'text', { colour: false })).toBe('no findings in kitchen.yaml\n');
  });

  test('findings stand in the order of the file, and are counted', () => {
    const { source, diagnostic } = finding('⟦a⟧: 1\nb: 2\n');
    const second = { ...diagnostic, severity: 'warning', message: 'later', span: { start: 5, end: 6 } } as const;
    const shown = formatDiagnostics([second, diagnostic], [source], 'text', { colour: false });
    expect(shown.split('\n').filter((line) => /^\S/.test(line))).toEqual([
      'error[schema] it is wrong',
      'warning[schema] later',
      '1 error, 1 warning',
    ]);
  });

  test('colour is on where it is asked for, and off where it is not', () => {
    expect(text('⟦a⟧: 1', {}, true)).toContain('\u001b[31m^\u001b[39m');
    expect(text('⟦a⟧: 1')).not.toContain('\u001b');
  });
});

describe('the carets stand under what is meant', () => {
  test('after wide characters', () => {
    expect(frame('厨师: ⟦包子⟧')).toEqual(['  1 | 厨师: 包子', '    |       ^^^^']);
  });

  test('after tabs', () => {
    expect(frame('a:\t⟦b⟧')).toEqual(['  1 | a:  b', '    |     ^']);
  });

  test('after characters that are put together of several', () => {
    expect(frame('e\u0301 👨‍👩‍👧 ⟦x⟧')).toEqual(['  1 | e\u0301 👨‍👩‍👧 x', '    |      ^']);
  });

  test('of a span over several lines, on the first', () => {
    expect(frame('a: ⟦[1,\n  2]⟧')).toEqual(['  1 | a: [1,', '    |    ^^^']);
  });

  test('where nothing stands, at the place of it', () => {
    expect(frame('a:⟦⟧')).toEqual(['  1 | a:', '    |   ^']);
  });

  test('of a long line, with only what is around', () => {
    expect(frame(`${'a'.repeat(5_000)}⟦b⟧${'c'.repeat(5_000)}`)).toEqual([
      `  1 | …${'a'.repeat(60)}b${'c'.repeat(99)}…`,
      `    | ${' '.repeat(61)}^`,
    ]);
  });

  test('and nothing that a file holds reaches the terminal as a command', () => {
    expect(frame('\u001b[2J⟦a⟧')[0]).not.toContain('\u001b');
  });
});

describe('for programs', () => {
  const related = [{ message: 'the first time', span: { start: 0, end: 1 } }];
  const { source, diagnostic } = finding('a: 1\n⟦b⟧: 2\n', { hint: 'mend it', related });
  const show = (format: 'json' | 'github' | 'sarif'): string =>
    formatDiagnostics([diagnostic], [source], format, { colour: true });

  test('JSON has every fact, and lines and columns', () => {
    expect(JSON.parse(show('json'))).toEqual([
      {
        file: 'kitchen.yaml',
        line: 2,
        column: 1,
        endLine: 2,
        endColumn: 2,
        severity: 'error',
        code: 'schema',
        message: 'it is wrong',
        hint: 'mend it',
        related: [{ message: 'the first time', line: 1, column: 1, endLine: 1, endColumn: 2 }],
      },
    ]);
  });

  test('GitHub gets one line a finding, with nothing in it that it would take for its own', () => {
    const marked = finding('⟦a⟧: 1', { message: '100%\nwrong: a,b', file: 'a,b:c.yaml' });
    const odd = new Source('a,b:c.yaml', marked.source.text);
    expect(formatDiagnostics([marked.diagnostic], [odd], 'github', { colour: false })).toBe(
      '::error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=2,title=forkline schema::100%25%0Awrong: a,b\n',
    );
  });

  test('SARIF has a rule, a level and regions', () => {
    expect(JSON.parse(show('sarif'))).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'forkline', rules: [{ id: 'schema' }] } },
          results: [
            {
              ruleId: 'schema',
              ruleIndex: 0,
              level: 'error',
              message: { text: 'it is wrong\nmend it' },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'kitchen.yaml' },
                    region: { startLine: 2, startColumn: 1, endLine: 2, endColumn: 2 },
                  },
                },
              ],
              relatedLocations: [{ id: 0, message: { text: 'the first time' } }],
            },
          ],
        },
      ],
    });
  });

  test('no findings are an empty list, or nothing', () => {
    expect(formatDiagnostics([], [source], 'json', { colour: false })).toBe('[]\n');
    expect(formatDiagnostics([], [source], 'github', { colour: false })).toBe('');
  });
});
