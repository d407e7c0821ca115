// A value of the pipeline in which expressions may stand: parsed once, evaluated as often as there are instances.
import { evaluate, escapeText, planText, type Scope, type Value } from './evaluate.ts';
import {
  type Expression,
  type ExpressionProblem,
  hasExpression,
  parseExpression,
  parseTemplate,
  type Template,
} from './expression.ts';
import type { Path } from './document.ts';
import { isMap, type Json } from './json.ts';

export type Formula =
  /** No expression in it. */
  | { readonly kind: 'constant'; readonly path: Path; readonly value: Json }
  | { readonly kind: 'text'; readonly path: Path; readonly text: string; readonly template: Template }
  | { readonly kind: 'list'; readonly path: Path; readonly items: readonly Formula[] }
  | { readonly kind: 'map'; readonly path: Path; readonly entries: readonly (readonly [string, Formula])[] };

/** Told of each mistake, with the text it is in. */
export type Complain = (path: Path, text: string, problem: ExpressionProblem) => void;

export function formulaOf(path: Path, value: Json, complain: Complain): Formula {
  if (!mentionsExpression(value)) return { kind: 'constant', path, value };
  if (typeof value === 'string') {
    const template = parseTemplate(value);
    if (!('message' in template)) return { kind: 'text', path, text: value, template };
    complain(path, value, template);
    return { kind: 'text', path, text: value, template: [] };
  }
  if (Array.isArray(value)) {
    return { kind: 'list', path, items: value.map((item: Json, at) => formulaOf([...path, at], item, complain)) };
  }
  const entries = Object.entries(value as { readonly [key: string]: Json });
  return { kind: 'map', path, entries: entries.map(([key, item]) => [key, formulaOf([...path, key], item, complain)]) };
}

type Parts = readonly (string | Expression | ExpressionProblem)[];

/** An `if`: one expression, with or without its braces. */
export function conditionOf(path: Path, text: string, complain: Complain): Formula {
  const parsed: Parts | ExpressionProblem = hasExpression(text) ? parseTemplate(text) : [parseExpression(text)];
  const problem = 'message' in parsed ? parsed : parsed.find(isProblem);
  if (problem !== undefined) complain(path, text, problem);
  else {
    const parts = (parsed as Template).filter((part) => typeof part !== 'string' || part.trim() !== '');
    if (parts.length === 1) return { kind: 'text', path, text, template: parts };
    const hint = 'put all of it inside `${{ }}`, or leave the braces out';
    complain(path, text, { message: '`if` is one expression', offset: 0, length: text.length, hint });
  }
  return { kind: 'text', path, text, template: [] };
}

/** Every expression in it, with the text and the path it stands at. */
export function* expressionsIn(
  formula: Formula,
): Generator<{ readonly path: Path; readonly text: string; readonly expression: Expression }> {
  if (formula.kind === 'list') for (const item of formula.items) yield* expressionsIn(item);
  if (formula.kind === 'map') for (const [, item] of formula.entries) yield* expressionsIn(item);
  if (formula.kind !== 'text') return;
  for (const expression of formula.template) {
    if (typeof expression !== 'string') yield { path: formula.path, text: formula.text, expression };
  }
}

/** A formula's value; only a text can be known later than the rest. */
export function valueOf(formula: Formula, scope: Scope, complain: Complain): Value {
  if (formula.kind === 'constant') return { known: formula.value };
  if (formula.kind !== 'text') throw new Error('Internal error: a list or a map has no single value');
  if (formula.template.length === 0) return { broken: true };
  const value = evaluate(formula.template, scope);
  if (!('problem' in value)) return value;
  const { problem: message, offset, length } = value;
  complain(formula.path, formula.text, { message, offset, length });
  return { broken: true };
}

/** A formula as it stands in the Plan; undefined where a mistake is in it. */
export function planValueOf(formula: Formula, scope: Scope, complain: Complain): Json | undefined {
  switch (formula.kind) {
    case 'constant':
      return formula.value;
    case 'text': {
      const value = valueOf(formula, scope, complain);
      if ('pending' in value) return planText(value.pending);
      return 'known' in value ? escapeAll(value.known) : undefined;
    }
    case 'list':
      return allOf(formula.items.map((item) => planValueOf(item, scope, complain)));
    case 'map': {
      const values = allOf(formula.entries.map(([, item]) => planValueOf(item, scope, complain)));
      return values && Object.fromEntries(formula.entries.map(([key], at) => [key, values[at] as Json]));
    }
  }
}

function allOf(values: readonly (Json | undefined)[]): readonly Json[] | undefined {
  return values.includes(undefined) ? undefined : (values as readonly Json[]);
}

function escapeAll(value: Json): Json {
  if (typeof value === 'string') return escapeText(value);
  if (Array.isArray(value)) return value.map(escapeAll);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeAll(item)]));
}

function mentionsExpression(value: Json): boolean {
  if (typeof value === 'string') return hasExpression(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(mentionsExpression);
}

function isProblem(part: string | Expression | ExpressionProblem): part is ExpressionProblem {
  return typeof part !== 'string' && 'message' in part;
}
