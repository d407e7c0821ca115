// What is known only once the run has started, put into a node when it is due: no expression is left in it then.
import { resolve } from 'node:path';
import { isTruthy, Names, textOf, toData } from '../pipeline/data.ts';
import { evaluate, evaluateExpression } from '../pipeline/evaluate.ts';
import { hasExpression, parseTemplate, type Template } from '../pipeline/expression.ts';
import { isMap, type Json } from '../pipeline/json.ts';
import type { Launch, Output, ProcessNode, Stdin } from './plan.ts';

export interface RunContext {
  /** The plan's root; paths that were not absolute yet are taken from there, where a node names no other. */
  readonly root: string;
  readonly run: { readonly id: string; readonly dir: string; readonly name: string };
  /** What the process or instance of that name has set until now. */
  readonly outputsOf: (process: string) => Readonly<Record<string, Json>>;
  /** With `each`, of one item. */
  readonly item?: Json;
  /** Names of the variables that the Plan knows by name only, and the environment that they are in. */
  readonly secrets: readonly string[];
  readonly environment: Environment;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ResolvedNode = Omit<ProcessNode, 'if'> & { readonly if: boolean };

/** As `resolveNode`, of the `if` alone. */
export function resolveCondition(
  node: Pick<ProcessNode, 'if' | 'within'> & Partial<Pick<ProcessNode, 'env'>>,
  context: RunContext,
): boolean {
  return typeof node.if === 'boolean' ? node.if : isTruthy(settle(node.if, scopeOf(node, context)));
}

/** Throws an `ExpressionFailure` where an expression has no value, which is a mistake in the pipeline. */
export function resolveNode(node: ProcessNode, context: RunContext): ResolvedNode {
  const root = node.root ?? context.root;
  const scope = scopeOf(node, context);
  const settled = (value: Json): Json => settle(value, scope);
  const text = (value: string): string => textIn(settled(value), value);
  const path = (value: string): string => (hasExpression(value) ? resolve(root, text(value)) : value);
  return {
    ...node,
    if: resolveCondition(node, context),
    launch: resolveLaunch(node.launch, settled, text),
    cwd: path(node.cwd),
    env: { ...environmentAround(node, context), ...textsIn(node.env, scope) },
    stdin: resolveStream(node.stdin, path),
    stdout: resolveStream(node.stdout, path),
    stderr: resolveStream(node.stderr, path),
  };
}

function environmentAround({ around = [], env }: ProcessNode, context: RunContext): Readonly<Record<string, string>> {
  const layers = around.map((layer) => {
    const own = Object.fromEntries(Object.entries(layer.env).filter(([name]) => env[name] === undefined));
    return textsIn(own, scopeOf({ ...layer, env }, context));
  });
  return Object.assign({}, ...layers) as Readonly<Record<string, string>>;
}

function textsIn(env: Readonly<Record<string, string>>, scope: Names): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, textIn(settle(value, scope), value)]));
}

/** In a sub-pipeline names are those of its own file. */
function scopeOf(node: Pick<ProcessNode, 'within'> & Partial<Pick<ProcessNode, 'env'>>, context: RunContext): Names {
  const { within } = node;
  const { run, outputsOf, item, secrets } = context;
  const setters = new Setters((name) => outputsOf(within === undefined ? name : `${within}/${name}`));
  const scope = Names.of({ run }).with('processes', setters);
  const known = item === undefined ? scope : scope.with('item', toData(item));
  return secrets.length === 0 ? known : known.with('env', Names.of(secretsOf(node, context)));
}

/** `processes`, looked up when it is asked for: there may be many. */
class Setters extends Names {
  readonly #outputsOf: RunContext['outputsOf'];

  constructor(outputsOf: RunContext['outputsOf']) {
    super();
    this.#outputsOf = outputsOf;
  }

  override get(name: string): Names {
    return Names.of({ outputs: this.#outputsOf(name) });
  }
}

/** Whether any text in it asks for `item`. */
export function usesItem(value: unknown): boolean {
  if (typeof value === 'string') return names(value, 'item');
  return typeof value === 'object' && value !== null && Object.values(value).some(usesItem);
}

/** Whether a text asks for outputs. */
export function usesOutputs(text: string): boolean {
  return names(text, 'processes');
}

function names(text: string, context: string): boolean {
  if (!hasExpression(text)) return false;
  const template = parseTemplate(text);
  if ('message' in template) return false;
  return template.some(
    (part) => typeof part !== 'string' && part.uses.some(({ steps }) => steps[0]?.name.toLowerCase() === context),
  );
}

/** The secrets as this node has them: set by a layer of its own environment, which may use others, or by the runner's. */
export function secretsOf(
  { env = {} }: Partial<Pick<ProcessNode, 'env'>>,
  { run, secrets, environment }: Pick<RunContext, 'run' | 'secrets' | 'environment'>,
): Readonly<Record<string, string>> {
  const valueOf = (name: string, using: readonly string[]): string => {
    const set = using.includes(name) ? undefined : env[name];
    if (set === undefined) return environment[name] ?? '';
    if (!hasExpression(set)) return set;
    const named = secrets.filter((other) => set.includes(other));
    const others = Object.fromEntries(named.map((other) => [other, valueOf(other, [...using, name])]));
    return textIn(settle(set, Names.of({ run, env: others })), name);
  };
  return Object.fromEntries(secrets.map((name) => [name, valueOf(name, [])]));
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
  checkSet(template, text, scope);
  const value = evaluate(template, scope);
  if ('known' in value) return value.known;
  throw new ExpressionFailure(`\`${text}\`: ${'problem' in value ? value.problem : 'there is nothing of that name'}`);
}

/** An expression that comes to nothing because of an output that was never set has no value to go on with. */
function checkSet(template: Template, text: string, scope: Names): void {
  for (const part of template) {
    if (typeof part === 'string') continue;
    const unset = part.uses.flatMap(({ steps }) => {
      const [context, process, outputs, output] = steps.map(({ name }) => name);
      if (context?.toLowerCase() !== 'processes' || process === undefined || output === undefined) return [];
      return memberOf(scope, [context, process, outputs ?? '', output]) === undefined ? [{ process, output }] : [];
    });
    const [first] = unset;
    if (first === undefined) continue;
    const value = evaluateExpression(part, scope);
    if (!('known' in value) || value.known !== null) continue;
    throw new ExpressionFailure(`\`${text}\`: \`${first.process}\` has not set its output \`${first.output}\``);
  }
}

function memberOf(scope: Names, path: readonly string[]): unknown {
  return path.reduce<unknown>((from, name) => (from instanceof Names ? from.get(name) : undefined), scope);
}

function textIn(value: Json, written: string): string {
  const text = textOf(value);
  if (text?.includes('\0'))
    throw new ExpressionFailure(`\`${written}\` holds a NUL, which cannot be passed to a program`);
  if (text === null) throw new ExpressionFailure(`\`${written}\` is a list or a map, where a text is needed`);
  return text;
}
