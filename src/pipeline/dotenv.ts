// Dotenv syntax → variables: `NAME=value` lines, comments, quotes that may span lines. What is no such line is a problem with its
// place, and nothing is put in for `$NAME`.

export type Dotenv = ReadonlyMap<string, string> | { readonly line: number; readonly problem: string };

export function parseDotenv(written: string): Dotenv {
  const text = written.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const variables = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const read = blankAt(text, at) ?? variableAt(text, at);
    if ('problem' in read) return { line: lineOf(text, read.at), problem: read.problem };
    if ('name' in read) variables.set(read.name, read.value);
    at = read.end;
  }
  return variables;
}

type Read =
  | { readonly end: number }
  | { readonly name: string; readonly value: string; readonly end: number }
  | { readonly problem: string; readonly at: number };

/** Nothing more on this line, but for a comment. */
function blankAt(text: string, at: number): { readonly end: number } | null {
  const end = reach(/[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y, text, at);
  return end === null ? null : { end };
}

function variableAt(text: string, at: number): Read {
  const start = matchAt(/[^\S\n]*(?:export[^\S\n]+)?([^\s=:'"`#]+)(?:[^\S\n]*=|:(?=[^\S\n]))[^\S\n]*/y, text, at);
  if (start === null) return { problem: 'expected `NAME=value`', at };
  const name = start[1] as string;
  const from = at + start[0].length;
  const quote = text[from];
  if (quote === "'" || quote === '"' || quote === '`') return quotedAt(text, from, quote, name);
  const line = matchAt(/[^#\n]*/y, text, from)?.[0] ?? '';
  return { name, value: line.trim(), end: reach(/[^\n]*(?:\n|$)/y, text, from) as number };
}

function quotedAt(text: string, at: number, quote: string, name: string): Read {
  const close = quote === '"' ? reach(/"(?:[^"\\]|\\[^])*/y, text, at) : text.indexOf(quote, at + 1);
  if (close === null || close === -1 || text[close] !== quote)
    return { problem: `the quote of \`${name}\` is never closed`, at };
  const rest = blankAt(text, close + 1);
  if (rest === null) return { problem: `something follows the quoted value of \`${name}\``, at: close };
  const inside = text.slice(at + 1, close);
  return { name, value: quote === '"' ? unescaped(inside) : inside, end: rest.end };
}

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, letter: string) => escapes[letter] ?? letter);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function reach(pattern: RegExp, text: string, at: number): number | null {
  const match = matchAt(pattern, text, at);
  return match === null ? null : at + match[0].length;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
