// One instance of a process as it stands in the Plan: its expressions evaluated, its durations in milliseconds, its paths
// absolute. Where nothing in it depends on the instance, all instances share what was made once.
import { resolve } from 'node:path';
import { isTruthy, Names, textOf, toData, Unknowable } from '../pipeline/data.ts';
import { type EnvironmentLayer, layOver, planEnvironment, withEnvironment } from '../pipeline/environment.ts';
import { escapeText, planText, type Scope } from '../pipeline/evaluate.ts';
import { expressionsIn, type Formula, planValueOf, valueOf } from '../pipeline/formula.ts';
import type { Json } from '../pipeline/json.ts';
import type {
  LaunchDeclaration,
  OutputDeclaration,
  Pipeline,
  ProcessDeclaration,
  StdinDeclaration,
} from '../pipeline/pipeline.ts';
import { keysOf } from '../pipeline/read-matrix.ts';
import type { Reading } from '../pipeline/reading.ts';
import { complainOfSecrets } from '../pipeline/secret-use.ts';
import { complainOfValue, durationOf, knownValueOf } from '../pipeline/setting.ts';
import { againRuleOf, formulasOfAgain } from './again.ts';
import type { Instance } from './expand.ts';
import { formulasOfReady, readyRuleOf } from './ready.ts';
import type { Launch, Output, ProcessNode, Stdin } from './plan.ts';

/** What a node says of itself; what binds it to others is left to `compile`. */
export type Body = Omit<
  ProcessNode,
  'id' | 'name' | 'at' | 'kind' | 'needs' | 'grants' | 'holds' | 'controls' | 'replica' | 'matrix'
>;

/** Makes the bodies of a process's instances; null where a mistake is in it. */
export function bodyMaker(
  process: ProcessDeclaration,
  pipeline: Pipeline,
  reading: Reading,
): (instance: Instance) => Body | null {
  const formulas = formulasOf(process).filter(({ kind }) => kind !== 'constant');
  const make = (instance: Instance) => {
    const scope = formulas.length === 0 ? pipeline.scope : scopeFor(process, pipeline, instance);
    return bodyOf(process, scope, pipeline, reading);
  };
  if (formulas.some(usesInstance)) return make;
  let shared: Body | null | undefined;
  return (instance) => {
    if (shared === undefined) shared = make(instance);
    return shared;
  };
}

export function scopeFor({ matrix }: ProcessDeclaration, { scope }: Pipeline, instance: Instance): Scope {
  if (matrix === null) return scope.with('replica', toData(instance.replica)).with('matrix', new Unknowable());
  // A key that only other combinations have is null in this one.
  const values = Object.fromEntries([...keysOf(matrix)].map((key) => [key, instance.matrix[key] ?? null]));
  return scope.with('replica', toData(instance.replica)).with('matrix', Names.of(values));
}

function bodyOf(process: ProcessDeclaration, scope: Scope, pipeline: Pipeline, reading: Reading): Body | null {
  const { complain } = reading;
  const environment = process.environment.reduce(
    (under, layer) => layOver(under, layer, scope, complain),
    pipeline.environment,
  );
  const inside = environment === pipeline.environment ? scope : withEnvironment(scope, environment);
  const { root } = pipeline;
  const maker = new Maker(inside, pipeline, reading);
  const launch = process.launch && maker.launch(process.launch);
  const cwd = process.cwd === null ? escapeText(root) : maker.path(process.cwd);
  const condition = process.if === null ? true : conditionOf(process.if, inside, reading);
  const stdin = maker.stdin(process.stdin);
  const stdout = maker.output(process.stdout);
  const stderr = maker.output(process.stderr);
  const timeoutMs = process.timeout === null ? null : durationOf(process.timeout, inside, reading);
  const graceMs = process.stop.grace === null ? 5000 : durationOf(process.stop.grace, inside, reading);
  const again = process.again === null ? null : againRuleOf(process.again, inside, reading);
  if (process.timeout !== null && timeoutMs === 0)
    complainOfValue(process.timeout, 'a time limit of 0 would end it at once; without a limit, leave it out', reading);
  if (!launch || !stdin || !stdout || !stderr) return null;
  if (cwd === undefined || condition === undefined || timeoutMs === undefined || graceMs === undefined) return null;
  const ready = process.ready === null ? null : readyRuleOf(process.ready, inside, root, reading);
  if (again === undefined || ready === undefined) return null;
  return {
    launch,
    cwd,
    env: planEnvironment(environment),
    if: condition,
    each: process.each === null ? null : { queue: process.each.name, workers: process.workers },
    stdin: process.each === null ? stdin : { type: 'item' },
    stdout,
    stderr,
    ...(process.tty ? { tty: true } : {}),
    outputs: process.outputs,
    timeoutMs,
    stop: { signal: process.stop.signal, graceMs },
    onFailure: process.onFailure,
    successExitCodes: [...new Set([0, ...process.successExitCodes])],
    ready,
    again,
  };
}

/** An `if` as it stands in the Plan; undefined where a mistake is in it. */
export function conditionOf(formula: Formula, scope: Scope, reading: Reading): boolean | string | undefined {
  const value = valueOf(formula, scope, reading.complain);
  if ('pending' in value) return planText(value.pending);
  return 'known' in value ? isTruthy(value.known) : undefined;
}

/** Formulas → what stands in the Plan, in the scope of one instance. */
class Maker {
  readonly #scope: Scope;
  readonly #root: string;
  readonly #secrets: ReadonlySet<string>;
  readonly #reading: Reading;

  constructor(scope: Scope, { root, environment }: Pipeline, reading: Reading) {
    this.#scope = scope;
    this.#root = root;
    this.#secrets = environment.secrets;
    this.#reading = reading;
  }

  launch(launch: LaunchDeclaration): Launch | undefined {
    if (launch.type === 'target') return this.#target(launch);
    const argv = this.#argv(launch.type === 'shell' ? launch.shell : launch.argv);
    if (argv === undefined) return undefined;
    if (launch.type === 'shell') return { type: 'shell', shell: argv, script: launch.script };
    return { type: 'command', argv };
  }

  /** Absolute, unless it is known only once the run has started. */
  path(formula: Formula): string | undefined {
    const value = valueOf(formula, this.#scope, this.#reading.complain);
    if ('pending' in value) return planText(value.pending);
    if (!('known' in value)) return undefined;
    const text = textOf(value.known);
    if (text !== null && text !== '' && !text.includes('\0')) return escapeText(resolve(this.#root, text));
    complainOfValue(formula, 'expected a path', this.#reading);
    return undefined;
  }

  stdin(stdin: StdinDeclaration): Stdin | undefined {
    if (stdin.type === 'null') return stdin;
    if (stdin.type === 'queue') return { ...stdin, queue: stdin.queue.name };
    // Which instance that is, is for `compile` to say.
    if (stdin.type === 'process') return { type: 'process', process: stdin.process.name };
    const path = this.path(stdin.file);
    return path === undefined ? undefined : { type: 'file', path };
  }

  output(output: OutputDeclaration): Output | undefined {
    if (output.type === 'queue') return { ...output, queue: output.queue.name };
    if (output.type !== 'file') return output;
    const path = this.path(output.file);
    return path === undefined ? undefined : { type: 'file', path, append: output.append };
  }

  /** As it stands in the Plan, where it is for everyone to see. */
  #openly(formula: Formula): Json | undefined {
    const value = planValueOf(formula, this.#scope, this.#reading.complain);
    if (value !== undefined) complainOfSecrets(formula, value, this.#secrets, this.#reading);
    return value;
  }

  #argv(formula: Formula): readonly string[] | undefined {
    const values = this.#openly(formula) as readonly Json[] | undefined;
    const argv = values?.map(textOf);
    if (argv === undefined) return undefined;
    if (!argv.every((text) => text !== null)) {
      complainOfValue(formula, 'a list or a map cannot be an argument; use `join` or `toJSON`', this.#reading);
    } else if (argv.some((text) => text.includes('\0'))) {
      complainOfValue(formula, 'a NUL cannot be passed to a program', this.#reading);
    } else return argv;
    return undefined;
  }

  #target(launch: Extract<LaunchDeclaration, { type: 'target' }>): Launch | undefined {
    const target = knownValueOf(launch.target, this.#scope, this.#reading);
    const args = this.#openly(launch.args) as readonly Json[] | undefined;
    const kwargs = this.#openly(launch.kwargs) as Readonly<Record<string, Json>> | undefined;
    if (target === undefined || args === undefined || kwargs === undefined) return undefined;
    const [, path, name] = /^([^#]+)#([^#]+)$/.exec(String(target)) ?? [];
    const language = path === undefined ? undefined : languageOf(path);
    if (path !== undefined && name !== undefined && language !== undefined) {
      return { type: 'target', language, file: resolve(this.#root, path), export: name, args, kwargs };
    }
    const expected = 'a target is `FILE#EXPORT`, where FILE ends in .js, .mjs, .cjs, .ts, .mts or .py';
    complainOfValue(launch.target, expected, this.#reading);
    return undefined;
  }
}

function languageOf(path: string): 'javascript' | 'python' | undefined {
  if (/\.(?:[mc]?js|m?ts)$/.test(path)) return 'javascript';
  return path.endsWith('.py') ? 'python' : undefined;
}

/** Whether instances differ by it in more than their names. */
function usesInstance(formula: Formula): boolean {
  return [...expressionsIn(formula)].some(({ expression }) =>
    expression.uses.some(({ steps }) => /^(?:matrix|replica)$/i.test(steps[0]?.name ?? '')),
  );
}

/** All in which an expression may stand. */
export function formulasOf({
  launch,
  environment,
  stdin,
  stdout,
  stderr,
  ...rest
}: ProcessDeclaration): readonly Formula[] {
  const ofLaunch = Object.values(launch ?? {}).filter((part): part is Formula => typeof part === 'object');
  const ofStreams = [stdin, stdout, stderr].flatMap((stream) => (stream.type === 'file' ? [stream.file] : []));
  const ofProcess = [
    rest.if,
    rest.cwd,
    rest.timeout,
    rest.stop.grace,
    ...formulasOfAgain(rest.again),
    ...formulasOfReady(rest.ready),
  ].filter((part) => part !== null);
  return [...ofLaunch, ...ofStreams, ...ofProcess, ...environment.flatMap(formulasInLayer)];
}

function formulasInLayer({ entries }: EnvironmentLayer): readonly Formula[] {
  return entries.flatMap(({ value }) => (typeof value === 'string' ? [] : [value]));
}
