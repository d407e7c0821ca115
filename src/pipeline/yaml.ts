// The doors in front of the YAML parser, and the parser behind them: size, characters, depth and amount are looked at
// before anything is built, and one document is taken. YAML 1.2 core, whatever the file says of itself.
import { Composer, type Document as YamlDocument, Lexer, type ParsedNode, Parser, type YAMLError } from 'yaml';
import type { Finding } from './document.ts';

export const mostBytes = 8 * 1024 * 1024;
/** Collections inside collections. */
export const mostLevels = 64;
/** Keys, values, commas, colons, breaks…: what the parser has to take up, about five to a list item. */
const mostTokens = 1 << 19;

export function sizeProblem(text: string): Finding | null {
  if (text.length * 3 > mostBytes && Buffer.byteLength(text) > mostBytes) {
    return refusal(0, 'the file is larger than 8 MiB', largeDataHint);
  }
  if (text.length < mostTokens) return null;
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > mostTokens) return refusal(0, `the file has more than ${mostTokens} tokens`, largeDataHint);
  }
  return null;
}

const largeDataHint = 'keep large data in a file of its own that a process or a queue reads';

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

export interface Yaml {
  /** Null where there is nothing to read on. */
  readonly root: ParsedNode | null;
  readonly errors: readonly YAMLError[];
  readonly findings: readonly Finding[];
}

export function parseYaml(text: string): Yaml {
  const findings: Finding[] = [];
  const parser = new Parser();
  try {
    const document = compose(text, parser, findings);
    if (document === null) return { root: null, errors: [], findings };
    const errors = [...document.errors, ...document.warnings];
    if (errors.length === 0 && isEmpty(document)) {
      const hint = 'a pipeline has `processes`: `processes: { hello: { run: echo hello } }`';
      return { root: null, errors, findings: [...findings, refusal(0, 'the file is empty', hint)] };
    }
    return { root: document.contents, errors, findings };
  } catch {
    // Whatever the parser stumbles over, it is the text that its reader can mend.
    findings.push(refusal(parser.offset, 'this cannot be read as YAML'));
    return { root: null, errors: [], findings };
  }
}

function isEmpty({ contents }: YamlDocument.Parsed): boolean {
  return contents === null || contents.range[0] === contents.range[1];
}

/** The first document, or null where the text goes too deep. */
function compose(text: string, parser: Parser, findings: Finding[]): YamlDocument.Parsed | null {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    resolveKnownTags: false,
    intAsBigInt: true,
    // Its own check compares every key with every other.
    uniqueKeys: false,
  });
  const documents: YamlDocument.Parsed[] = [];
  let started = 0;
  const take = (token: Parameters<Composer['next']>[0]): void => {
    if (token.type === 'directive' && /^%YAML\s+1\.1\b/.test(token.source)) findings.push(oldVersion(token));
    if (token.type === 'document') {
      started += 1;
      if (started === 2)
        findings.push(refusal(token.offset, 'a second document starts here', 'a pipeline is one document'));
    }
    if (started < 2) documents.push(...composer.next(token));
  };

  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) take(token);
    // The document and the scalar in hand are on the stack, too; the exact count is made when values are read.
    if (parser.stack.length > mostLevels + 2) {
      findings.push(tooDeep(parser.offset));
      return null;
    }
  }
  for (const token of parser.end()) take(token);
  documents.push(...composer.end(true, text.length));
  return documents[0] as YamlDocument.Parsed;
}

export function tooDeep(offset: number): Finding {
  return refusal(offset, `this is nested more than ${mostLevels} levels deep`);
}

function oldVersion({ offset, source }: { offset: number; source: string }): Finding {
  return {
    severity: 'warning',
    message: 'this is read as YAML 1.2, whatever it says here',
    span: { start: offset, end: offset + source.length },
    hint: 'remove the line; in YAML 1.2 `no`, `off` and `yes` are text',
  };
}

function refusal(offset: number, message: string, hint?: string): Finding {
  return { message, span: { start: offset, end: offset + 1 }, ...(hint === undefined ? {} : { hint }) };
}
