// The whole way from a text to a Plan: every stage says all it finds, and all of it comes out together, by place.
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import { parseDocument } from '../pipeline/document.ts';
import { withoutEchoes, withoutMissedUses } from '../pipeline/echo.ts';
import { checkNames } from '../pipeline/names.ts';
import { type ReadOptions, read } from '../pipeline/read.ts';
import { validate } from '../pipeline/schema.ts';
import type { Source } from '../pipeline/source.ts';
import { compile } from './compile.ts';
import type { Plan } from './plan.ts';
import { checkQueueFiles } from './queue-files.ts';
import { checkPatterns } from './ready-check.ts';
import type { Environment } from './resolve.ts';
import { checkSecrets } from './secret-check.ts';
import { checkTargets, type CompileTargets } from './target-check.ts';

export interface PlanningOptions extends ReadOptions {
  /** Given where the plan is to be run at once: what is to be set there is looked for. */
  readonly environment?: Environment | undefined;
}

export interface Planned {
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The variables that it calls secrets, though there be no plan. */
  readonly secrets: readonly string[];
}

/** The plan is null when any finding is an error. Without `compileTargets` nobody looks into the targets' files. */
export async function planSource(
  source: Source,
  options: PlanningOptions = {},
  compileTargets?: CompileTargets,
): Promise<Planned> {
  const parsed = parseDocument(source);
  const { document } = parsed;
  if (document === null) return { plan: null, diagnostics: parsed.diagnostics, secrets: [] };
  const shape = validate(document);
  const { pipeline, diagnostics } = await read(shape.file, document, options);
  const compiled = compile(pipeline);
  const targets = await checkTargets(compiled.targets, document, compileTargets);
  const files = await checkQueueFiles(pipeline);
  const patterns = await checkPatterns(compiled.patterns, document);
  const later = [
    shape,
    { diagnostics },
    { diagnostics: checkNames(pipeline) },
    compiled,
    { diagnostics: targets },
    { diagnostics: files },
    { diagnostics: patterns },
    { diagnostics: options.environment === undefined ? [] : checkSecrets(pipeline, options.environment) },
  ];
  const said = withoutMissedUses(later.flatMap((stage) => stage.diagnostics));
  const all = [...parsed.diagnostics, ...withoutEchoes(parsed.diagnostics, said)].sort(
    (a, b) => a.span.start - b.span.start || a.span.end - b.span.end,
  );
  const { secrets } = pipeline;
  if (all.some(({ severity }) => severity === 'error')) return { plan: null, diagnostics: all, secrets };
  if (compiled.plan === null) throw new Error('Internal error: a process has no node, and no finding says why');
  return { plan: compiled.plan, diagnostics: all, secrets };
}
