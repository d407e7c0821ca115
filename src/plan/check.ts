// The whole way from a text to a Plan: every stage says all it finds, and all of it comes out together, file by file and by place.
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import { parseDocument } from '../pipeline/document.ts';
import { withoutEchoes, withoutMissedUses } from '../pipeline/echo.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { ReadOptions } from '../pipeline/read.ts';
import { validate } from '../pipeline/schema.ts';
import type { Source } from '../pipeline/source.ts';
import { withGroups } from './groups.ts';
import type { Plan } from './plan.ts';
import { Project } from './project.ts';
import type { Environment } from './resolve.ts';
import { checkSecrets } from './secret-check.ts';
import type { CompileTargets } from './target-check.ts';
import { checkWhole } from './whole-check.ts';

export interface PlanningOptions extends ReadOptions {
  /** Given where the plan is to be run at once: what is to be set there is looked for. */
  readonly environment?: Environment | undefined;
}

export interface Planned {
  /** Null when any finding is an error. */
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The files that were read: the source itself, and what it uses. */
  readonly sources: readonly Source[];
  /** The variables that they call secrets, though there be no plan. */
  readonly secrets: readonly string[];
}

/** Without `compileTargets` nobody looks into the targets' files. */
export async function planSource(
  source: Source,
  options: PlanningOptions = {},
  compileTargets?: CompileTargets,
): Promise<Planned> {
  const parsed = parseDocument(source);
  if (parsed.document === null) return { plan: null, diagnostics: parsed.diagnostics, sources: [source], secrets: [] };
  const shape = validate(parsed.document);
  const { document } = shape;
  const root = resolve(options.root ?? (source.file === '-' ? '.' : dirname(source.file)));
  const project = new Project(root, { compileTargets, environment: options.environment });
  const planned = await project.planOutermost(document, shape.file, options);
  const external = options.asPart ? [] : externalIn(planned.pipeline);
  const secret = options.environment === undefined ? [] : checkSecrets(planned.pipeline, options.environment);
  const said = withoutMissedUses([...shape.diagnostics, ...planned.diagnostics, ...external, ...secret], shape.unread);
  const own = ordered([...parsed.diagnostics, ...withoutEchoes(parsed.diagnostics, said)]);
  const plan = planned.plan && withGroups(planned.plan);
  const whole = plan === null ? [] : checkWhole(plan, document);
  const diagnostics = [...(whole.length === 0 ? own : ordered([...own, ...whole])), ...used(project, source.file)];
  const sources = [source, ...project.sources];
  const secrets = [...new Set([...planned.pipeline.secrets, ...project.secrets])];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { plan: null, diagnostics, sources, secrets };
  if (plan === null) throw new Error('Internal error: a process has no node, and no finding says why');
  return { plan, diagnostics, sources, secrets };
}

function used({ sources, diagnostics }: Project, outermost: string): readonly Diagnostic[] {
  return sources
    .filter(({ file }) => file !== outermost)
    .flatMap(({ file }) => ordered(withoutMissedUses(diagnostics.filter((each) => each.file === file))));
}

/** What is external comes from a file that uses this one, and here is none. */
function externalIn({ document, queues, locks }: Pipeline): readonly Diagnostic[] {
  const findings = new Findings(document);
  for (const [kind, declared] of [
    ['queue', queues],
    ['lock', locks],
  ] as const)
    for (const { name, path, external } of declared) {
      if (!external) continue;
      const message = `${kind} \`${name}\` comes from a pipeline that uses this file, and here is none`;
      const hint = `run a pipeline with \`uses:\` of this file and \`connect: { ${name}: … }\`, or take \`external\` out`;
      findings.error('not-connected', keyOf([...path, 'external']), message, { hint });
    }
  return findings.diagnostics;
}

function ordered(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}
