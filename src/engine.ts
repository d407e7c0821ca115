// Forkline as a library: check, plan and run as functions, with the types they speak in. The commands are built on this and
// nothing else. (`forkline` itself is the SDK that processes import.)
import { fstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Diagnostic } from './pipeline/diagnostic.ts';
import type { ReadOptions } from './pipeline/read.ts';
import { Source } from './pipeline/source.ts';
import { type Planned, planSource } from './plan/check.ts';
import type { Plan } from './plan/plan.ts';
import { select as selectFrom, type Selection } from './plan/select.ts';
import { keepModules, type Modules, modulesOf } from './run/target.ts';

export type { Diagnostic, DiagnosticCode } from './pipeline/diagnostic.ts';
export type { PipelineFile } from './pipeline/schema.gen.ts';
export { type Position, Source, type Span } from './pipeline/source.ts';
export type * from './plan/plan.ts';
export type { Event, Outcome, QueueCounts } from './run/event.ts';
export { FolderNotMade, type RunOptions, run } from './run/run.ts';
export type { NodeSummary, Summary } from './run/summary.ts';

const loadSecrets = () => import('./run/secrets.ts');

/** The part of a plan that these names mean, with all that they cannot do without. */
export function select(whole: Plan, names: readonly string[]): Selection {
  const selection = selectFrom(whole, names);
  if ('plan' in selection) keepModules(selection.plan, modulesOf(whole));
  return selection;
}

export interface PlanOptions {
  /** `params` as text, parsed by the type each is declared with. */
  readonly params?: Readonly<Record<string, string>>;
  /** Instead of the pipeline's own `slots`. */
  readonly slots?: number | undefined;
  /** The folder that paths are resolved against. Default: the file's own; the current one for standard input. */
  readonly root?: string;
  /** It is to be run at once: a secret that is not set is a finding. */
  readonly toRun?: boolean;
}

/** Reads a pipeline's bytes; `-` is standard input. Rejects where there is no such file. */
export async function loadSource(file: string): Promise<Source> {
  return new Source(file, file === '-' ? await readStdin() : await readFile(file));
}

/** Node would take a folder for one that is empty. */
async function readStdin(): Promise<Buffer> {
  if (fstatSync(0).isDirectory()) throw Object.assign(new Error('stdin is a folder'), { code: 'EISDIR' });
  return buffer(process.stdin);
}

/** Everything that is wrong with a pipeline and with what it uses, and everything that is doubtful, in the order of the files. */
export async function check(
  source: Source,
  options: PlanOptions = {},
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly sources: readonly Source[] }> {
  const { diagnostics, sources } = await planned(source, { ...options, asPart: true });
  return { diagnostics, sources };
}

/** What would happen; null where a finding is an error. A run of this very plan runs its targets as they were found here. */
export async function plan(source: Source, options: PlanOptions = {}): Promise<Omit<Planned, 'secrets'>> {
  return planned(source, options);
}

async function planned(source: Source, options: PlanOptions & Pick<ReadOptions, 'asPart'>): Promise<Planned> {
  const { params = {}, asPart = false } = options;
  const root = options.root ?? (source.file === '-' ? process.cwd() : dirname(resolve(source.file)));
  let modules: Modules = new Map();
  const environment = options.toRun ? process.env : undefined;
  const found = await planSource(source, { root, params, asPart, environment, slots: options.slots }, async (files) => {
    const compiled = await (await import('./run/target-module.ts')).compileTargets(files);
    modules = new Map([...modules, ...compiled]);
    return compiled;
  });
  if (found.plan !== null) keepModules(found.plan, modules);
  const { diagnostics, secrets } = found;
  if (secrets.length === 0 || diagnostics.length === 0) return found;
  const known = (await loadSecrets()).secretsIn(secrets, process.env);
  const shown = diagnostics.map(({ message, hint, ...finding }) => ({
    ...finding,
    message: known.text(message),
    ...(hint === undefined ? {} : { hint: known.text(hint) }),
  }));
  return { ...found, diagnostics: shown };
}

/** A text that was made of a plan, a drawing of it, with its secrets taken out, so far as they are known here. */
export async function masked(plan: Plan, text: string): Promise<string> {
  return plan.secrets.length === 0 ? text : (await loadSecrets()).secretsKnown(plan, process.env).text(text);
}
