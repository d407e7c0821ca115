// Dotenv syntax, as the dotenv package of Node has it in its own tests, and what is no line of it.
import { expect, test } from 'vitest';
import { parseDotenv } from '../../src/pipeline/dotenv.ts';
import { planned } from '../kit/planned.ts';

const basic = `A=basic

# previous line intentionally left blank
EMPTY=
EMPTY_SINGLE_QUOTES=''
EMPTY_DOUBLE_QUOTES=""
EMPTY_BACKTICKS=\`\`
SINGLE_QUOTES='single_quotes'
SINGLE_QUOTES_SPACED='    single quotes    '
DOUBLE_QUOTES_SPACED="    double quotes    "
DOUBLE_QUOTES_INSIDE_SINGLE='double "quotes" work inside single quotes'
NO_SPACE_BRACKET="{ port: $MONGOLAB_PORT}"
SINGLE_QUOTES_INSIDE_DOUBLE="single 'quotes' work inside double quotes"
BACKTICKS_INSIDE_DOUBLE="\`backticks\` work inside double quotes"
DOUBLE_AND_SINGLE_QUOTES_INSIDE_BACKTICKS=\`double "quotes" and single 'quotes' work inside backticks\`
EXPAND_NEWLINES="expand\\nnew\\nlines"
DONT_EXPAND_UNQUOTED=dontexpand\\nnewlines
DONT_EXPAND_SQUOTED='dontexpand\\nnewlines'
# COMMENTS=work
INLINE_COMMENTS=inline comments # work #very #well
INLINE_COMMENTS_SINGLE_QUOTES='inline comments outside of #singlequotes' # work
INLINE_COMMENTS_SPACE=inline comments start with a#number sign. no space required.
EQUAL_SIGNS=equals==
RETAIN_INNER_QUOTES={"foo": "bar"}
RETAIN_INNER_QUOTES_AS_BACKTICKS=\`{"foo": "bar's"}\`
TRIM_SPACE_FROM_UNQUOTED=    some spaced out string
USERNAME=therealnerdybeast@example.tld
    SPACED_KEY = parsed
export EXPORTED=yes
YAML: style
my.var-x=1
ProgramFiles(x86)=C:\\Program Files (x86)
厨师=包子
A=again
ESCAPED="a \\"b\\" \\\\ \\t \\$x \\d"
# LAST=comment`;

const expected = {
  A: 'again',
  EMPTY: '',
  EMPTY_SINGLE_QUOTES: '',
  EMPTY_DOUBLE_QUOTES: '',
  EMPTY_BACKTICKS: '',
  SINGLE_QUOTES: 'single_quotes',
  SINGLE_QUOTES_SPACED: '    single quotes    ',
  DOUBLE_QUOTES_SPACED: '    double quotes    ',
  DOUBLE_QUOTES_INSIDE_SINGLE: 'double "quotes" work inside single quotes',
  NO_SPACE_BRACKET: '{ port: $MONGOLAB_PORT}',
  SINGLE_QUOTES_INSIDE_DOUBLE: "single 'quotes' work inside double quotes",
  BACKTICKS_INSIDE_DOUBLE: '`backticks` work inside double quotes',
  DOUBLE_AND_SINGLE_QUOTES_INSIDE_BACKTICKS: `double "quotes" and single 'quotes' work inside backticks`,
  EXPAND_NEWLINES: 'expand\nnew\nlines',
  DONT_EXPAND_UNQUOTED: 'dontexpand\\nnewlines',
  DONT_EXPAND_SQUOTED: 'dontexpand\\nnewlines',
  INLINE_COMMENTS: 'inline comments',
  INLINE_COMMENTS_SINGLE_QUOTES: 'inline comments outside of #singlequotes',
  INLINE_COMMENTS_SPACE: 'inline comments start with a',
  EQUAL_SIGNS: 'equals==',
  RETAIN_INNER_QUOTES: '{"foo": "bar"}',
  RETAIN_INNER_QUOTES_AS_BACKTICKS: `{"foo": "bar's"}`,
  TRIM_SPACE_FROM_UNQUOTED: 'some spaced out string',
  USERNAME: 'therealnerdybeast@example.tld',
  SPACED_KEY: 'parsed',
  EXPORTED: 'yes',
  YAML: 'style',
  'my.var-x': '1',
  'ProgramFiles(x86)': 'C:\\Program Files (x86)',
  厨师: '包子',
  ESCAPED: 'a "b" \\ \t $x \\d',
};

function variables(text: string): unknown {
  const read = parseDotenv(text);
  return 'problem' in read ? read : Object.fromEntries(read);
}

test.each([
  ['\n', basic],
  ['\r\n', basic.replaceAll('\n', '\r\n')],
  ['\r', basic.replaceAll('\n', '\r')],
  ['a byte order mark', `\ufeff${basic}`],
  ['an end', `${basic}\n`],
])('every kind of value, with %j', (_, text) => {
  expect(variables(text)).toEqual(expected);
});

test.each(["'", '"', '`'])('%s may span lines, whatever they look like', (quote) => {
  const lines = 'THIS\r\nIS=1\n# A\n\nSTRING';
  expect(variables(`A=${quote}${lines}${quote} # c\nB=2`)).toEqual({ A: lines.replace('\r', ''), B: '2' });
});

test.each([
  ['A=1\nB', 2, 'expected `NAME=value`'],
  ['=x', 1, 'expected `NAME=value`'],
  ['A B=x', 1, 'expected `NAME=value`'],
  ['# ok\n\nA="x\ny', 3, 'the quote of `A` is never closed'],
  ['A="x\\"', 1, 'the quote of `A` is never closed'],
  ["A='it''s'", 1, 'something follows the quoted value of `A`'],
  ['A="x\n" garbage', 2, 'something follows the quoted value of `A`'],
])('%j is a problem at line %i: %s', (text, line, problem) => {
  expect(parseDotenv(text)).toEqual({ line, problem });
});

test('a file that cannot be read is a finding', async () => {
  const { findings, hints } = await planned('env_file: [a.env, b.env]\nprocesses: { a: { run: ls } }', {
    files: { 'a.env': 'A=1\nnonsense here\n', 'b.env': 'B=\0' },
  });
  expect(findings).toEqual([
    '1:12 error bad-env-file `env_file` `a.env` cannot be read at line 2: expected `NAME=value`',
    '1:19 error bad-env-file `env_file` `b.env` holds a NUL, which no variable can',
  ]);
  expect(hints[0]).toBe('a line is `NAME=value`, a comment, or empty; quotes may span lines');
});
