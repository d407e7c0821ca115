// The variables a process gets from the pipeline, layer over layer: a later one wins, and its expressions may use what the
// layers under it have set.
import { textOf, Names, Pending, quote, toData, Unknowable } from './data.ts';
import type { Piece } from './data.ts';
import { planText, type Scope } from './evaluate.ts';
import { type Complain, type Formula, valueOf } from './formula.ts';

export interface EnvironmentLayer {
  readonly entries: readonly EnvironmentEntry[];
}

export interface EnvironmentEntry {
  readonly name: string;
  /** A text, as it stands in an `env_file`, or what is written under `env`. */
  readonly value: string | Formula;
}

/** Texts in pieces, because some are known only once the run has started; null for what is broken. */
export interface Environment extends ReadonlyMap<string, readonly Piece[] | null> {
  /** Variables that expressions know by name only, whether or not a layer sets them. */
  readonly secrets: ReadonlySet<string>;
}

export function environmentWith(secrets: ReadonlySet<string>): Environment {
  return new Variables([], secrets);
}

class Variables extends Map<string, readonly Piece[] | null> implements Environment {
  readonly secrets: ReadonlySet<string>;

  constructor(under: Iterable<readonly [string, readonly Piece[] | null]>, secrets: ReadonlySet<string>) {
    super(under);
    this.secrets = secrets;
  }
}

export function layOver(under: Environment, layer: EnvironmentLayer, scope: Scope, complain: Complain): Environment {
  if (layer.entries.length === 0) return under;
  const inside = withEnvironment(scope, under);
  const environment = new Variables(under, under.secrets);
  for (const { name, value } of layer.entries) {
    environment.set(name, typeof value === 'string' ? [value] : piecesOf(value, inside, complain));
  }
  return environment;
}

/** The scope in which `env` is this environment. */
export function withEnvironment(scope: Scope, environment: Environment): Scope {
  const names = new Names();
  for (const [name, pieces] of environment) {
    if (environment.secrets.has(name)) continue;
    if (pieces === null) names.add(name, new Unknowable());
    else if (pieces.every((piece) => typeof piece === 'string')) names.add(name, toData(pieces.join('')));
    else names.add(name, new Pending(pieces));
  }
  for (const name of environment.secrets) names.add(name, new Pending([{ expression: `env[${quote(name)}]` }]));
  return scope.with('env', names);
}

/** As the Plan has it; what is broken is left out. Written down, a secret that a layer sets stands in it by its name. */
export function planEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const planned: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, pieces] of environment) if (pieces !== null) planned[name] = planText(pieces);
  const secret = [...environment.secrets].filter((name) => name in planned);
  if (secret.length > 0) {
    const byName = Object.fromEntries(secret.map((name) => [name, `\${{ env[${quote(name)}] }}`]));
    Object.defineProperty(planned, 'toJSON', { value: () => ({ ...planned, ...byName }) });
  }
  return planned;
}

/** What is planned of one environment over what is planned of another; written down, each as it would be by itself. */
export function environmentOver(
  under: Readonly<Record<string, string>>,
  over: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const planned = { ...under, ...over };
  if (isMasked(under) || isMasked(over))
    Object.defineProperty(planned, 'toJSON', { value: () => ({ ...written(under), ...written(over) }) });
  return planned;
}

export function environmentWithout(
  planned: Readonly<Record<string, string>>,
  names: object,
): Readonly<Record<string, string>> {
  const kept = (from: object) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => !Object.hasOwn(names, name)));
  const rest = kept(planned) as Record<string, string>;
  if (isMasked(planned)) Object.defineProperty(rest, 'toJSON', { value: () => kept(written(planned)) });
  return rest;
}

/** A variable may be called so, too, and is a text. */
function isMasked(planned: object): planned is { toJSON(): object } {
  return 'toJSON' in planned && typeof planned.toJSON === 'function';
}

function written(planned: object): object {
  return isMasked(planned) ? planned.toJSON() : planned;
}

function piecesOf(formula: Formula, scope: Scope, complain: Complain): readonly Piece[] | null {
  const value = valueOf(formula, scope, complain);
  if ('pending' in value) return value.pending;
  if (!('known' in value)) return null;
  const text = textOf(value.known);
  if (text !== null && !text.includes('\0')) return [text];
  const written = formula.kind === 'text' ? formula.text : '';
  const message =
    text === null ? 'a variable is a text, and this is a list or a map' : 'a NUL cannot be passed to a program';
  const hint = 'make a text of it with `join` or `toJSON`';
  complain(formula.path, written, { message, offset: 0, length: written.length, ...(text === null ? { hint } : {}) });
  return null;
}
