// `${{ … }}`: the expressions in a text, parsed once, and the names each of them uses. GitHub Actions' own language; what
// is wrong in an expression is a value with its place. What a name may mean is left to `known`, what it is to `evaluate`.
import {
  Binary,
  ContextAccess,
  type Expr,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  Unary,
} from '@actions/expressions/ast';
import { ExpressionError } from '@actions/expressions/errors';
import { Lexer, type Token, TokenType } from '@actions/expressions/lexer';
import { Parser } from '@actions/expressions/parser';
import { nearest } from './suggest.ts';

export interface Expression {
  /** As it was written between the braces. */
  readonly source: string;
  /** What stands between the braces, in the text that holds it. */
  readonly offset: number;
  readonly length: number;
  readonly tree: Expr;
  readonly uses: readonly NameUse[];
}

/** A name an expression uses: `matrix.dish` is [matrix, dish], and so far as the keys are written out. */
export interface NameUse {
  readonly steps: readonly Step[];
  /** More follows that is known only once it is evaluated: `params[matrix.key]`, `env.*`. */
  readonly open: boolean;
}

export interface Step {
  readonly name: string;
  /** In the expression's source. */
  readonly offset: number;
  readonly length: number;
}

/** A mistake in an expression; `offset` counts in the text that holds it. */
export interface ExpressionProblem {
  readonly message: string;
  readonly offset: number;
  readonly length: number;
  readonly hint?: string;
}

/** A text in pieces: what stands as it is, and expressions. */
export type Template = readonly (string | Expression)[];

export const functionNames = ['contains', 'startsWith', 'endsWith', 'format', 'join', 'toJSON', 'fromJSON'] as const;

const callable = new Set(functionNames.map((name) => name.toLowerCase()));
/** What is longer is a program, and evaluating goes as deep as there are operators in a row. */
const maxTokens = 1000;

export function hasExpression(text: string): boolean {
  return text.includes('${{');
}

export function parseTemplate(text: string): Template | ExpressionProblem {
  const parts: (string | Expression)[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('${{', at);
    if (open === -1) break;
    const close = endOf(text, open + 3);
    if (close === -1) return unclosed(text, open);
    const expression = parseExpression(text.slice(open + 3, close), open + 3);
    if ('message' in expression) return expression;
    if (open > at) parts.push(text.slice(at, open));
    parts.push(expression);
    at = close + 2;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

/** `source` stands at `offset` in a larger text; places are given in that. */
export function parseExpression(source: string, offset = 0): Expression | ExpressionProblem {
  try {
    const tokens = lex(source);
    const wrong = unknownFunction(tokens) ?? tooLong(tokens);
    if (wrong !== undefined) return { ...wrong, offset: offset + wrong.offset };
    // Whatever stands where a context's name stands is accepted here, so that `known` can say what was meant.
    const contexts = tokens.filter((token) => token.type === TokenType.IDENTIFIER).map((token) => token.lexeme);
    const tree = new Parser(tokens, contexts, []).parse() as Expr | undefined;
    if (tree === undefined) return { message: 'the expression is empty', offset, length: Math.max(source.length, 1) };
    const uses: NameUse[] = [];
    collectUses(tree, uses);
    return { source: source.trim(), offset, length: source.length, tree, uses };
  } catch (error) {
    const problem = describe(error as Error, source);
    return { ...problem, offset: offset + problem.offset };
  }
}

/** Where the expression that starts at `from` is closed; braces in its strings do not count. */
function endOf(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted;
    else if (!quoted && text[at] === '}' && text[at + 1] === '}') return at;
  }
  return -1;
}

/** What it is that is not closed: the expression that starts at `open`, or a string in it, which takes in all that follows. */
function unclosed(text: string, open: number): ExpressionProblem {
  const quote = unclosedQuote(text, open + 3);
  if (quote === null) {
    const hint = "close it with `}}`; a literal one is written ${{ '${{' }}";
    return { message: '`${{` is never closed', offset: open, length: 3, hint };
  }
  const hint = "a string ends with `'`; one inside of it is written twice: `''`";
  return { message: 'the quote is never closed', offset: quote, length: 1, hint };
}

/** Where the last quote stays open, the one to blame is the first whose string has the `}}` that was meant to close. */
function unclosedQuote(text: string, from: number): number | null {
  const pieces = text.slice(from).split("'");
  if (pieces.length % 2 === 1) return null;
  const blamed = pieces.findIndex((piece, index) => index % 2 === 1 && piece.includes('}}'));
  let opening = blamed === -1 ? pieces.length - 1 : blamed;
  // Two quotes in a row are one inside the string.
  while (opening > 1 && pieces[opening - 1] === '') opening -= 2;
  return from + pieces.slice(0, opening).join("'").length;
}

function lex(source: string): Token[] {
  // On one line, a token's column is its offset.
  const { tokens } = new Lexer(source.replaceAll('\n', ' ')).lex();
  for (const token of tokens) {
    // The lexer unescapes the first quote only, and line ends were taken from it.
    if (token.type === TokenType.STRING) {
      token.value = source.slice(offsetOf(token) + 1, token.range.end.column - 1).replaceAll("''", "'");
    }
  }
  return tokens;
}

function offsetOf(token: Token): number {
  return token.range.start.column;
}

function unknownFunction(tokens: readonly Token[]): ExpressionProblem | undefined {
  for (const [at, token] of tokens.entries()) {
    if (token.type !== TokenType.IDENTIFIER || tokens[at + 1]?.type !== TokenType.LEFT_PAREN) continue;
    const name = token.lexeme;
    if (callable.has(name.toLowerCase()) || tokens[at - 1]?.type === TokenType.DOT) continue;
    const meant = nearest(name, functionNames);
    const hint = /^(success|always|failure|cancelled)$/i.test(name)
      ? 'there are no status functions; `needs` with a condition says what must hold'
      : meant === undefined
        ? `functions are ${functionNames.map((known) => `\`${known}\``).join(', ')}`
        : `did you mean \`${meant}\`?`;
    return { message: `there is no function \`${name}\``, offset: offsetOf(token), length: name.length, hint };
  }
  return undefined;
}

function tooLong(tokens: readonly Token[]): ExpressionProblem | undefined {
  const last = tokens[maxTokens];
  if (last === undefined) return undefined;
  return { message: `the expression has more than ${maxTokens} words and signs`, offset: offsetOf(last), length: 1 };
}

/** The library's error in our words. */
function describe(error: Error, source: string): ExpressionProblem {
  if (error instanceof RangeError || error.message === 'ErrorExceededMaxLength') {
    return { message: 'the expression is too long', offset: 0, length: 1 };
  }
  const [, reason = error.message, symbol = ''] = /^(.*?): '(.*?)'(?:\. Located.*)?$/s.exec(error.message) ?? [];
  const located = / Located at position (\d+) within/.exec(error.message)?.[1];
  const offset = error instanceof ExpressionError ? error.pos.column : Number(located ?? 1) - 1;
  const message = wordsFor(reason, symbol);
  const hint = hintFor(symbol);
  const length = Math.max(1, Math.min(symbol.length, source.length - offset));
  return { message, offset, length, ...(hint === undefined ? {} : { hint }) };
}

function wordsFor(reason: string, symbol: string): string {
  if (reason.startsWith('Unexpected end') || symbol === '' || symbol === 'EOF') return 'the expression is not complete';
  const amount = /^Too (few|many) parameters/.exec(reason)?.[1];
  if (amount !== undefined) return `\`${symbol}\` is given too ${amount} arguments`;
  return `${reason.charAt(0).toLowerCase()}${reason.slice(1)} \`${symbol}\``;
}

function hintFor(symbol: string): string | undefined {
  if (symbol.startsWith('"')) return 'strings stand in single quotes';
  if (/^[-+*/%]/.test(symbol)) return 'there is no arithmetic in expressions; compute in the process';
  if (/^[&|=]/.test(symbol)) return 'operators are `&&`, `||`, `!`, `==`, `!=`, `<`, `<=`, `>`, `>=`';
  if (/[^\x00-\x7f]/.test(symbol)) return `names outside A-Z need brackets and quotes: \`matrix['${symbol}']\``;
  return undefined;
}

/** The names an expression uses, in the order in which they are written. */
export function collectUses(expression: Expr, uses: NameUse[]): void {
  if (expression instanceof ContextAccess) uses.push({ steps: [stepOf(expression.name)], open: false });
  else if (expression instanceof IndexAccess) collectChain(expression, uses);
  else for (const child of childrenOf(expression)) collectUses(child, uses);
}

/** `a.b['c'][d]`: one use of [a, b, c] that is open, and what `d` uses. */
function collectChain(outermost: IndexAccess, uses: NameUse[]): void {
  const indexes: Expr[] = [];
  let base: Expr = outermost;
  for (; base instanceof IndexAccess; base = base.expr) indexes.unshift(base.index);
  if (base instanceof ContextAccess) {
    const steps = [stepOf(base.name)];
    const unwritten = indexes.findIndex((index) => !(index instanceof Literal));
    const written = unwritten === -1 ? indexes : indexes.slice(0, unwritten);
    for (const index of written) steps.push(stepOf((index as Literal).token));
    uses.push({ steps, open: unwritten !== -1 });
  } else collectUses(base, uses);
  for (const index of indexes) if (!(index instanceof Literal)) collectUses(index, uses);
}

function stepOf(token: Token): Step {
  const { start, end } = token.range;
  const name = token.type === TokenType.STRING ? String(token.value) : token.lexeme;
  return { name, offset: start.column, length: end.column - start.column };
}

/** The parts of an expression, but for the chain of names that an access is. */
export function childrenOf(expression: Expr): readonly Expr[] {
  if (expression instanceof Unary) return [expression.expr];
  if (expression instanceof Binary) return [expression.left, expression.right];
  if (expression instanceof Logical) return expression.args;
  if (expression instanceof Grouping) return [expression.group];
  if (expression instanceof FunctionCall) return expression.args;
  if (expression instanceof IndexAccess) return [expression.expr, expression.index];
  return [];
}
