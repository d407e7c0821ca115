// What is known only once the run has started, put into a node when it is due: no expression is left in it then.
import { resolve } from 'node:path';
import { isTruthy, Names, textOf } from '../pipeline/data.ts';
import { evaluate } from '../pipeline/evaluate.ts';
import { hasExpression, parseTemplate } from '../pipeline/expression.ts';
import { isMap, type Json } from '../pipeline/json.ts';
import type { Launch, Output, ProcessNode, Stdin } from './plan.ts';

export interface RunContext {
  /** The plan's root; paths that were not absolute yet are taken from there, where a node names no other. */
  readonly root: string;
  readonly run: { readonly id: string; readonly dir: string; readonly name: string };
}

export type ResolvedNode = Omit<ProcessNode, 'if'> & { readonly if: boolean };

/** As `resolveNode`, of an `if` alone. */
export function resolveCondition(condition: boolean | string, { run }: RunContext): boolean {
  return typeof condition === 'boolean' ? condition : isTruthy(settle(condition, Names.of({ run })));
}

/** Throws an `ExpressionFailure` where an expression has no value, which is a mistake in the pipeline. */
export function resolveNode(node: ProcessNode, context: RunContext): ResolvedNode {
  const { run } = context;
  const root = node.root ?? context.root;
  const scope = Names.of({ run });
  const settled = (value: Json): Json => settle(value, scope);
  const text = (value: string): string => textIn(settled(value), value);
  const path = (value: string): string => (hasExpression(value) ? resolve(root, text(value)) : value);
  return {
    ...node,
    if: resolveCondition(node.if, context),
    launch: resolveLaunch(node.launch, settled, text),
    cwd: path(node.cwd),
    env: Object.fromEntries(Object.entries(node.env).map(([name, value]) => [name, text(value)])),
    stdin: resolveStream(node.stdin, path),
    stdout: resolveStream(node.stdout, path),
    stderr: resolveStream(node.stderr, path),
  };
}

export class ExpressionFailure extends Error {
  override readonly name = 'ExpressionFailure';
}

function resolveLaunch(launch: Launch, settled: (value: Json) => Json, text: (value: string) => string): Launch {
  switch (launch.type) {
    // What stands in a script is the shell's.
    case 'shell':
      return { ...launch, shell: launch.shell.map(text) };
    case 'command':
      return { ...launch, argv: launch.argv.map(text) };
    case 'target':
      return {
        ...launch,
        args: launch.args.map(settled),
        kwargs: Object.fromEntries(Object.entries(launch.kwargs).map(([key, value]) => [key, settled(value)])),
      };
  }
}

function resolveStream<T extends Stdin | Output>(stream: T, path: (value: string) => string): T {
  return stream.type === 'file' ? { ...stream, path: path(stream.path) } : stream;
}

function settle(value: Json, scope: Names): Json {
  if (typeof value === 'string') return hasExpression(value) ? evaluateText(value, scope) : value;
  if (Array.isArray(value)) return value.map((item: Json) => settle(item, scope));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settle(item, scope)]));
}

function evaluateText(text: string, scope: Names): Json {
  const template = parseTemplate(text);
  if ('message' in template) throw new ExpressionFailure(`\`${text}\`: ${template.message}`);
  const value = evaluate(template, scope);
  if ('known' in value) return value.known;
  throw new ExpressionFailure(`\`${text}\`: ${'problem' in value ? value.problem : 'there is nothing of that name'}`);
}

function textIn(value: Json, written: string): string {
  const text = textOf(value);
  if (text === null) throw new ExpressionFailure(`\`${written}\` is a list or a map, where a text is needed`);
  return text;
}
