// The secrets of a run: how whatever is told of it is kept free of them. Loaded only for a pipeline that has some.
import type { Json, Plan, ProcessNode } from '../plan/plan.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { Environment, RunContext } from '../plan/resolve.ts';
import { isLongEnough } from '../plan/secret-length.ts';
import { secretProblem, secretValues } from '../plan/secrets.ts';
import type { Happening } from './happening.ts';
import { Masker } from './masker.ts';

export class Secrets {
  readonly masker: Masker;
  /** By name. */
  readonly #values: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(values: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#values = values;
    this.masker = new Masker([...values.values()].flatMap((each) => [...each]).filter(isLongEnough));
  }

  /** Why a run cannot keep them; empty where it can. */
  problems(): readonly string[] {
    return [...this.#values].flatMap(([name, values]) => {
      const problems = [...values].map((value) => secretProblem(name, value)).filter((problem) => problem !== null);
      return problems.slice(0, 1).map(({ message, hint }) => `${message}; ${hint}`);
    });
  }

  /** Where the value of one stands in what starts a program, word for word: that is seen by whoever looks at the processes. */
  exposures(plan: Plan): readonly { readonly node: string; readonly message: string }[] {
    const seen = new Set<string>();
    return plan.nodes.flatMap((node) => {
      if (!isProcess(node) || seen.has(node.name)) return [];
      const shown = JSON.stringify(node.launch);
      if (this.text(shown) === shown) return [];
      seen.add(node.name);
      return [{ node: node.id, message: exposure(node) }];
    });
  }

  text(text: string): string {
    return this.masker.text(text);
  }

  /** What a process printed was masked where it was read. */
  happening<T extends Happening>(happening: T): T {
    return happening.type === 'node.output' ? happening : (this.#record(happening as unknown as Json) as unknown as T);
  }

  plan(plan: Plan): Plan {
    return this.#record(plan as unknown as Json) as unknown as Plan;
  }

  /** Its stack, too. */
  error(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    error.message = this.text(error.message);
    if (error.stack !== undefined) error.stack = this.text(error.stack);
    return error;
  }

  /** One of our own records: what its parts are known by stays, or nothing would fit together any more. */
  #record(value: Json): Json {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#record(item));
    if (typeof value !== 'object' || value === null) return value;
    const written = 'toJSON' in value ? (JSON.parse(JSON.stringify(value)) as typeof value) : value;
    return Object.fromEntries(
      Object.entries(written).map(([key, item]) => {
        if (identity.has(key)) return [key, item];
        return [key, authored.has(key) ? this.#all(item) : this.#record(item)];
      }),
    );
  }

  /** What the author of the pipeline wrote, with names of his own. */
  #all(value: Json): Json {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#all(item));
    if (typeof value !== 'object' || value === null) return value;
    const written = 'toJSON' in value ? (JSON.parse(JSON.stringify(value)) as typeof value) : value;
    return Object.fromEntries(Object.entries(written).map(([key, item]) => [this.text(key), this.#all(item)]));
  }
}

/** The secrets of a plan that is being run as this. */
export function secretsOfRun(plan: Plan, run: RunContext['run'], environment: Environment): Secrets {
  return new Secrets(secretValues(plan, run, environment));
}

/** As far as they are known where nothing is run. */
export function secretsKnown(plan: Plan, environment: Environment): Secrets {
  return secretsOfRun(plan, { id: '', dir: '', name: plan.name }, environment);
}

/** As they are in the environment, where there is no plan. */
export function secretsIn(names: readonly string[], environment: Environment): Secrets {
  return new Secrets(new Map(names.map((name) => [name, new Set([environment[name] ?? ''])])));
}

/** The run was not started. */
export class SecretsMissing extends Error {
  override readonly name = 'SecretsMissing';
}

function exposure({ name, launch }: ProcessNode): string {
  const where = launch.type === 'shell' ? 'the script' : launch.type === 'command' ? '`command`' : '`args` or `kwargs`';
  return `the value of a secret stands in ${where} of \`${name}\`, and the arguments of a process can be read by everyone on the machine`;
}

const identity = new Set(
  `type kind version id runId name node queue pipe channel lock process deadLetter instances processes queues producers consumers users
  ends group circle on does by role condition outcome signal order overflow encoding delivery leftover onFailure onTimeout onPass
  language format done stream`.split(/\s+/),
);

const authored = new Set(['params', 'matrix', 'env', 'launch', 'item', 'values']);
