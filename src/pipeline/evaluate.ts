// Evaluates expressions, as far as their names are known. What is known only once the run has started stays an expression,
// with everything that is known already put in its place, so that it needs nothing else then.
import {
  Binary,
  ContextAccess,
  type Expr,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  Star,
  Unary,
} from '@actions/expressions/ast';
import { Evaluator } from '@actions/expressions/evaluator';
import { TokenType } from '@actions/expressions/lexer';
import {
  type Data,
  fromData,
  functions,
  literal,
  Names,
  Pending,
  type Piece,
  quote,
  textOf,
  Unknowable,
} from './data.ts';
import {
  childrenOf,
  collectUses,
  type Expression,
  type NameUse,
  parseExpression,
  type Template,
} from './expression.ts';
import type { Json } from './json.ts';

/** What the names stand for. `run`, outputs and `item` are in it only once the run has started. */
export type Scope = Names;

export type Value =
  | { readonly known: Json }
  /** Pieces of a text; what is not a string is known only once the run has started. */
  | { readonly pending: readonly Piece[] }
  | { readonly problem: string; readonly offset: number; readonly length: number }
  /** It depends on what is broken, and was complained of, elsewhere. */
  | { readonly broken: true };

/** A text that is one expression and nothing else keeps the expression's type; every other becomes a text. */
export function evaluate(template: Template, scope: Scope): Value {
  const [first, second] = template;
  if (first === undefined) return { known: '' };
  if (second === undefined) return typeof first === 'string' ? { known: first } : evaluateExpression(first, scope);
  const pieces: Piece[] = [];
  for (const part of template) {
    if (typeof part === 'string') {
      pieces.push(part);
      continue;
    }
    const value = evaluateExpression(part, scope);
    if ('pending' in value) pieces.push(...value.pending);
    else if ('known' in value) {
      const text = textOf(value.known);
      if (text === null) return problemIn(part, 'a list or a map cannot stand inside a text; use `join` or `toJSON`');
      pieces.push(text);
    } else return value;
  }
  if (pieces.every((piece) => typeof piece === 'string')) return { known: pieces.join('') };
  const kept = pieces.filter((piece) => piece !== '');
  // One expression that is left over is still a part of a text: alone, it would get its type back.
  return { pending: kept.length === 1 ? [...kept, { expression: "''" }] : kept };
}

export function evaluateExpression(expression: Expression, scope: Scope): Value {
  let pending = false;
  for (const use of expression.uses) {
    const found = lookUp(use, scope);
    if (found === 'broken') return { broken: true };
    if (found === 'pending') pending = true;
  }
  try {
    if (!pending) return { known: fromData(run(expression.tree, scope)) };
    const text = render(expression.tree, scope);
    const parsed = parseExpression(text);
    return 'message' in parsed ? problemIn(expression, parsed.message) : { pending: [{ expression: text }] };
  } catch (error) {
    return problemIn(expression, wordsOf(error as Error));
  }
}

/** One expression that gives the text which these pieces make. */
export function asExpression(pieces: readonly Piece[]): string {
  const inserts: string[] = [];
  const pattern = pieces.map((piece) => {
    if (typeof piece === 'string') return piece.replaceAll('{', '{{').replaceAll('}', '}}');
    inserts.push(piece.expression);
    return `{${inserts.length - 1}}`;
  });
  return `format(${[quote(pattern.join('')), ...inserts].join(', ')})`;
}

/** How pieces stand in the Plan. A known text that only looks like an expression is written so that it stays what it is. */
export function planText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? escapeText(piece) : `\${{ ${piece.expression} }}`))
    .join('');
}

export function escapeText(text: string): string {
  return text.replaceAll('${{', "${{ '${{' }}");
}

function problemIn(expression: Expression, problem: string): Value {
  return { problem, offset: expression.offset, length: expression.length };
}

function wordsOf(error: Error): string {
  if (error instanceof RangeError) return 'the expression is too large to evaluate';
  return `the expression has no value: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
}

function run(tree: Expr, scope: Scope): Data {
  return new Evaluator(tree, scope, functions).evaluate();
}

/** What is not known and never will be was found when the names were looked at. */
function lookUp({ steps }: NameUse, scope: Scope): 'known' | 'pending' | 'broken' {
  const [root, member] = steps;
  const context = scope.get(root?.name ?? '');
  if (context === undefined) return isLater(root?.name ?? '') ? 'pending' : 'broken';
  const meant = context instanceof Names && member !== undefined ? context.get(member.name) : context;
  if (meant instanceof Names) {
    const members = meant.values();
    if (members.some((value) => value instanceof Unknowable)) return 'broken';
    return members.some((value) => value instanceof Pending) ? 'pending' : 'known';
  }
  if (meant === undefined || meant instanceof Unknowable) return 'broken';
  return meant instanceof Pending ? 'pending' : 'known';
}

/** A context that is known only once the run has started. */
export function isLater(context: string): boolean {
  return laterContexts.has(context.toLowerCase());
}

const laterContexts = new Set(['run', 'processes', 'item']);

/** The expression as text again, with all that is known put in. */
function render(tree: Expr, scope: Scope): string {
  if (!isPending(tree, scope)) return literal(run(tree, scope));
  if (tree instanceof ContextAccess) {
    if (scope.get(tree.name.lexeme) === undefined) return tree.name.lexeme;
    throw new Error(`some of \`${tree.name.lexeme}\` is known only once the run has started; name what is meant`);
  }
  if (tree instanceof IndexAccess) return renderAccess(tree, scope);
  if (tree instanceof Grouping) return `(${render(tree.group, scope)})`;
  if (tree instanceof Unary) return `!${render(tree.expr, scope)}`;
  if (tree instanceof Binary) {
    return `${render(tree.left, scope)} ${tree.operator.lexeme} ${render(tree.right, scope)}`;
  }
  const parts = childrenOf(tree).map((child) => render(child, scope));
  if (tree instanceof Logical) return parts.join(` ${tree.operator.lexeme} `);
  if (tree instanceof FunctionCall) return `${tree.functionName.lexeme}(${parts.join(', ')})`;
  throw new Error('Internal error: an expression of an unknown kind');
}

function renderAccess(tree: IndexAccess, scope: Scope): string {
  const { expr: base, index } = tree;
  if (base instanceof ContextAccess && index instanceof Literal) {
    const context = scope.get(base.name.lexeme);
    const member = context instanceof Names ? context.get(index.literal.coerceString()) : undefined;
    if (member instanceof Pending) return `(${asExpression(member.pieces)})`;
  }
  const start = isPending(base, scope) ? render(base, scope) : `(${literal(run(base, scope))})`;
  if (index instanceof Literal && index.token.type === TokenType.IDENTIFIER) return `${start}.${index.token.lexeme}`;
  return `${start}[${index instanceof Star ? '*' : render(index, scope)}]`;
}

function isPending(tree: Expr, scope: Scope): boolean {
  const uses: NameUse[] = [];
  collectUses(tree, uses);
  return uses.some((use) => lookUp(use, scope) === 'pending');
}
