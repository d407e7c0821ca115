// The whole way from a text to a Plan: every stage says all it finds, and all of it comes out together, by place.
import { stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import { type Document, parseDocument } from '../pipeline/document.ts';
import { withoutEchoes } from '../pipeline/echo.ts';
import { Findings } from '../pipeline/finding.ts';
import { checkNames } from '../pipeline/names.ts';
import { type ReadOptions, read } from '../pipeline/read.ts';
import { validate } from '../pipeline/schema.ts';
import type { Source } from '../pipeline/source.ts';
import { compile, type TargetUse } from './compile.ts';
import type { Plan } from './plan.ts';

/** The plan is null when any finding is an error. */
export async function planSource(
  source: Source,
  options: ReadOptions = {},
): Promise<{ plan: Plan | null; diagnostics: readonly Diagnostic[] }> {
  const parsed = parseDocument(source);
  const { document } = parsed;
  if (document === null) return { plan: null, diagnostics: parsed.diagnostics };
  const shape = validate(document);
  const { pipeline, diagnostics } = await read(shape.file, document, options);
  const compiled = compile(pipeline);
  const missing = await missingTargets(compiled.targets, document);
  const later = [shape, { diagnostics }, { diagnostics: checkNames(pipeline) }, compiled, { diagnostics: missing }];
  const all = [
    ...parsed.diagnostics,
    ...withoutEchoes(
      parsed.diagnostics,
      later.flatMap((stage) => stage.diagnostics),
    ),
  ].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  if (all.some(({ severity }) => severity === 'error')) return { plan: null, diagnostics: all };
  if (compiled.plan === null) throw new Error('Internal error: a process has no node, and no finding says why');
  return { plan: compiled.plan, diagnostics: all };
}

/** Files looked for at once. */
const limit = pLimit(32);

async function missingTargets(targets: readonly TargetUse[], document: Document): Promise<readonly Diagnostic[]> {
  const findings = new Findings(document);
  const files = new Set(targets.map(({ file }) => file));
  const absent = new Set<string>();
  await Promise.all(
    [...files].map((file) =>
      limit(async () => {
        const isFile = await stat(file).then(
          (found) => found.isFile(),
          () => false,
        );
        if (!isFile) absent.add(file);
      }),
    ),
  );
  for (const { file, path } of targets) {
    if (!absent.has(file)) continue;
    findings.error('missing-file', path, `the target's file \`${file}\` is not there`, {
      hint: "a target is looked for from the folder of the pipeline's file",
    });
  }
  return findings.diagnostics;
}
