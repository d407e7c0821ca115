// Which names an expression may use where it stands. Looked at before anything is evaluated, so that a misspelt name is
// found even where its value would never be asked for.
import type { DiagnosticCode, Missing } from './diagnostic.ts';
import type { Expression, NameUse, Step } from './expression.ts';

/** What is known at a place. A context that is null is not known there; of a broken one, any name is. */
export interface Known {
  readonly params: NameSet;
  readonly env: NameSet;
  readonly matrix: NameSet | 'any' | null;
  readonly replica: boolean;
  readonly item: boolean;
  /** `run` and outputs too: not so where a value is read when the plan is made. */
  readonly later: boolean;
  /** The outputs that may be read here. */
  readonly outputs: OutputCheck | null;
}

/** Names by their lower case: expressions compare them without it. */
export type NameSet = ReadonlyMap<string, string>;

/** What is wrong with reading this output here, if anything is; `step` is the one that is wrong. */
export type OutputCheck = (process: string, output: string | undefined) => Misuse | null;

export interface Misuse {
  readonly code: DiagnosticCode;
  readonly message: string;
  /** Counted from the context's own name, which is 0. */
  readonly step: number;
  readonly hint?: string;
  readonly missing?: Missing;
  /** The names that could have been meant. */
  readonly among?: NameSet;
}

const contexts = nameSet(['params', 'env', 'matrix', 'replica', 'item', 'run', 'processes']);
const envHint =
  'known is what the pipeline sets, one `env` under another, and not what the runner has; set it there, or make it a param';
const runMembers = nameSet(['id', 'dir', 'name']);

export function nameSet(names: Iterable<string>): NameSet {
  const set = new Map<string, string>();
  for (const name of names) set.set(name.toLowerCase(), name);
  return set;
}

export function misuses(expression: Expression, known: Known): readonly { misuse: Misuse; step: Step }[] {
  return expression.uses.flatMap((use) => {
    const misuse = misuseOf(use, known);
    const step = misuse && (use.steps[misuse.step] ?? use.steps.at(-1));
    return misuse && step ? [{ misuse, step }] : [];
  });
}

function misuseOf({ steps, open }: NameUse, known: Known): Misuse | null {
  const [context, member, field, output] = steps.map((step) => step.name);
  switch (context?.toLowerCase()) {
    case 'params':
      return memberOf(known.params, 'params', member, 'declare it under `params`', { kind: 'param' });
    case 'env':
      return memberOf(known.env, 'env', member, envHint, { kind: 'variable' });
    case 'matrix':
      if (known.matrix === 'any') return null;
      if (known.matrix === null)
        return notHere('`matrix` is known only inside a process that has one', { kind: 'matrix' });
      return memberOf(known.matrix, 'matrix', member, 'add it to the `matrix` of this process');
    case 'replica':
      return known.replica ? null : notHere('`replica` is known only inside a process');
    case 'item':
      if (!known.item) return notHere('`item` is known only with `each`', { kind: 'item' });
      return known.later ? null : tooEarly('`item`');
    case 'run':
      if (!known.later) return tooEarly('`run`');
      return memberOf(runMembers, 'run', member, 'it has `id`, `dir` and `name`');
    case 'processes':
      if (known.outputs === null) return known.later ? outputsElsewhere() : tooEarly('an output');
      if (member === undefined || field === undefined || (output === undefined && !open)) return incomplete();
      return field.toLowerCase() === 'outputs' ? known.outputs(member, output) : incomplete();
    case 'secrets':
      return {
        code: 'unknown-name',
        message: 'there is no `secrets` in expressions',
        step: 0,
        hint: 'what is named under `secrets` is in the environment of every process, and in `env` here',
      };
    default:
      return {
        code: 'unknown-name',
        message: `there is no \`${context}\` in expressions`,
        step: 0,
        hint: `known are ${[...contexts.values()].map((name) => `\`${name}\``).join(', ')}; texts stand in single quotes`,
        among: contexts,
      };
  }
}

function memberOf(
  names: NameSet,
  context: string,
  member: string | undefined,
  hint: string,
  missing?: Missing,
): Misuse | null {
  if (member === undefined || names.has(member.toLowerCase())) return null;
  const message = `there is no \`${member}\` in \`${context}\``;
  return { code: 'unknown-name', message, step: 1, hint, among: names, ...(missing && { missing }) };
}

function notHere(message: string, missing?: Missing): Misuse {
  return { code: 'unknown-name', message, step: 0, ...(missing && { missing }) };
}

function tooEarly(what: string): Misuse {
  const message = `${what} is known only once the run has started, and this is read when the plan is made`;
  return { code: 'bad-expression', message, step: 0 };
}

function outputsElsewhere(): Misuse {
  const message = 'outputs may be used in `args`, `kwargs`, `command`, `env`, `cwd` and `if` only';
  return { code: 'bad-expression', message, step: 0 };
}

function incomplete(): Misuse {
  return {
    code: 'bad-expression',
    message: 'an output is read as `processes.NAME.outputs.KEY`',
    step: 1,
  };
}
