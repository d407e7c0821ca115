// The doors in front of the YAML parser, and the parser behind them: size, characters, depth and amount are looked at
// before anything is built, and one document is taken. YAML 1.2 core, whatever the file says of itself.
import { Composer, type ErrorCode, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Finding } from './diagnostic.ts';
import type { Span } from './source.ts';

export const mostBytes = 8 * 1024 * 1024;
/** Collections inside collections. */
export const mostLevels = 64;
/** Keys, values, commas, colons, breaks…: what the parser has to take up, about five to a list item. */
const mostTokens = 400_000;
/** The parser puts quoted text together letter by letter. */
const mostQuoted = 4 * 1024 * 1024;

export function sizeProblem(text: string): Finding | null {
  const isTooLarge = text.length > mostBytes || (text.length * 3 > mostBytes && Buffer.byteLength(text) > mostBytes);
  return isTooLarge ? refusal(0, 'the file is larger than 8 MiB', largeDataHint) : null;
}

const largeDataHint = 'keep large data in a file of its own that a process or a queue reads';

/** Nothing else is said of such a file: what its other letters are is a guess. */
export function wrongEncoding({ byte, offset }: { readonly byte: number; readonly offset: number }): Finding {
  const written = byte.toString(16).toUpperCase().padStart(2, '0');
  return refusal(offset, `the byte 0x${written} is no character of UTF-8`, 'save the file as UTF-8');
}

/** Characters that no text file should have; the first few of them. */
export function characterProblems(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const { index, 0: character } of text.matchAll(forbidden)) {
    const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    findings.push({
      message: character === '\r' ? 'carriage return without a line feed' : `control character U+${code}`,
      span: { start: index, end: index + character.length },
      hint: 'remove it, or write it as an escape such as `\\t` inside double quotes',
    });
    if (findings.length === 10) break;
  }
  return findings;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]|\r(?!\n)|\p{Surrogate}/gu;

/** What the parser stumbled over. */
export interface Stumble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly span: Span;
}

export interface Yaml {
  /** Null where there is nothing to read on. */
  readonly root: ParsedNode | null;
  readonly stumbles: readonly Stumble[];
  readonly findings: readonly Finding[];
}

/** Not the parser's own words: to it, the braces of an expression are those of a map. */
export const unquoted = 'Unquoted expression';

/** Who stumbles more often than this is not reading YAML. */
const mostStumbles = 100;

export function parseYaml(text: string): Yaml {
  const attempt = new Attempt(text);
  let root: ParsedNode | null = null;
  try {
    root = attempt.run();
  } catch (thrown) {
    // Whatever the parser itself trips over, it is the text that its reader can mend.
    if (thrown !== enough) attempt.findings.push(refusal(attempt.offset, 'this cannot be read as YAML'));
  }
  return { root, stumbles: attempt.stumbles, findings: attempt.findings };
}

/** Thrown through the parser, which knows no other way to stop. */
const enough = Symbol('enough');

class Attempt {
  readonly stumbles: Stumble[] = [];
  readonly findings: Finding[] = [];
  readonly #text: string;
  readonly #parser = new Parser();
  readonly #composer = new Composer({
    version: '1.2',
    schema: 'core',
    resolveKnownTags: false,
    // Its own check compares every key with every other.
    uniqueKeys: false,
  });
  /** Where brackets were opened that are not closed yet, and the last quote that is not. */
  readonly #brackets: number[] = [];
  #quote: number | undefined;
  #documents = 0;
  #root: ParsedNode | null = null;

  constructor(text: string) {
    this.#text = text;
    // Its own would make an Error with a stack for each stumble, be there a million.
    const onError: OnError = (source, code, message) => this.#stumble(spanOf(source), code, message);
    Object.assign(this.#composer, { onError });
  }

  get offset(): number {
    return this.#parser.offset;
  }

  run(): ParsedNode | null {
    let tokens = 0;
    for (const lexeme of new Lexer().lex(this.#text)) {
      if (lexeme.length > mostQuoted && lexeme.startsWith('"')) this.#refuse(longQuote(this.offset));
      this.#noteOpen(lexeme);
      for (const token of this.#parser.next(lexeme)) this.#take(token);
      tokens += 1;
      if (tokens > mostTokens) this.#refuse(refusal(0, `the file has more than ${mostTokens} tokens`, largeDataHint));
      // The document and the scalar in hand are on the stack, too; the exact count is made when values are read.
      if (this.#parser.stack.length > mostLevels + 2) this.#refuse(tooDeep(this.offset));
    }
    for (const token of this.#parser.end()) this.#take(token);
    for (const document of this.#composer.end()) this.#root = document.contents;
    if (isBlank(this.#root) && this.stumbles.length === 0) {
      const hint = 'a pipeline has `processes`: `processes: { hello: { run: echo hello } }`';
      this.findings.push(refusal(0, 'the file is empty', hint));
      return null;
    }
    return this.#root;
  }

  #noteOpen(lexeme: string): void {
    const [first] = lexeme;
    if (lexeme === '[' || lexeme === '{') this.#brackets.push(this.offset);
    else if (lexeme === ']' || lexeme === '}') this.#brackets.pop();
    else if ((first === '"' || first === "'") && !(lexeme.length > 1 && lexeme.endsWith(first)))
      this.#quote = this.offset;
  }

  #take(token: Token): void {
    if (token.type === 'error') {
      this.#stumble(spanOf(token), 'UNEXPECTED_TOKEN', token.message);
      return;
    }
    if (token.type === 'directive' && /^%YAML\s+1\.1\b/.test(token.source)) this.#noteOldVersion(token);
    if (token.type === 'document') {
      this.#documents += 1;
      if (this.#documents === 2) {
        this.findings.push(refusal(token.offset, 'a second document starts here', 'a pipeline is one document'));
        throw enough;
      }
    }
    for (const document of this.#composer.next(token)) this.#root = document.contents;
  }

  #stumble(span: Span, code: ErrorCode, message: string): void {
    // The parser takes what is thrown at it inside a tag for one more mistake.
    if (this.stumbles.length === mostStumbles) throw enough;
    if (this.#text.startsWith('${{', span.start - 1)) {
      this.stumbles.push({ code, message: unquoted, span: { start: span.start - 1, end: span.start + 2 } });
      return;
    }
    const start = this.#start(message, span.start);
    this.stumbles.push({ code, message, span: start === undefined ? span : { start, end: start + 1 } });
  }

  /** Where the eye has to start: what is never closed was opened before, what does not stand in line comes after spaces. */
  #start(message: string, start: number): number | undefined {
    if (message.startsWith('Missing closing')) return this.#quote;
    if (/ end with a [\]}]$/.test(message)) return this.#brackets.at(-1);
    if (!message.endsWith(' must start at the same column')) return undefined;
    return start + (/^\s*/.exec(this.#text.slice(start, start + 1_000))?.[0].length ?? 0);
  }

  #noteOldVersion({ offset, source }: { offset: number; source: string }): void {
    if (this.findings.some(({ severity }) => severity === 'warning')) return;
    this.findings.push({
      severity: 'warning',
      message: 'this is read as YAML 1.2, whatever it says here',
      span: { start: offset, end: offset + source.length },
      hint: 'remove the line; in YAML 1.2 `no`, `off` and `yes` are text',
    });
  }

  #refuse(finding: Finding): never {
    this.findings.push(finding);
    throw enough;
  }
}

type Token = Parameters<Composer['next']>[0];
type OnError = (source: ErrorSource, code: ErrorCode, message: string) => void;
type ErrorSource =
  | number
  | readonly [number, number, ...number[]]
  | { readonly offset: number; readonly source?: string };

function spanOf(source: ErrorSource): Span {
  if (typeof source === 'number') return { start: source, end: source + 1 };
  if ('offset' in source) return { start: source.offset, end: source.offset + (source.source?.length ?? 1) };
  return { start: source[0], end: source[1] };
}

function isBlank(root: ParsedNode | null): boolean {
  return root === null || root.range[0] === root.range[1];
}

function longQuote(offset: number): Finding {
  return refusal(offset, 'quoted text of more than 4 MiB', 'write it as a block, which starts with `|`');
}

export function tooDeep(offset: number): Finding {
  return refusal(offset, `this is nested more than ${mostLevels} levels deep`);
}

function refusal(offset: number, message: string, hint?: string): Finding {
  return { message, span: { start: offset, end: offset + 1 }, ...(hint === undefined ? {} : { hint }) };
}
