// What is wrong with the targets themselves, before anything starts: a file that is not there, one that cannot be compiled,
// an export that it does not have. Compiling is done by whom it is given; of a Python target only its file is looked for.
import { stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Document } from '../pipeline/document.ts';
import { Findings } from '../pipeline/finding.ts';
import type { TargetUse } from './compile.ts';

/** JavaScript and TypeScript files → what is known of each. */
export type CompileTargets = (files: readonly string[]) => Promise<ReadonlyMap<string, TargetFacts>>;

export type TargetFacts =
  /** Null where only running it tells what it exports. */
  | { readonly exports: readonly string[] | null }
  /** Each as `FILE:LINE:COLUMN: what is wrong`. */
  | { readonly refused: readonly string[] };

export async function checkTargets(
  targets: readonly TargetUse[],
  document: Document,
  compileTargets?: CompileTargets,
): Promise<readonly Diagnostic[]> {
  const findings = new Findings(document);
  const files = [...new Set(targets.map(({ file }) => file))];
  const absent = new Set(await absentOf(files));
  for (const { file, path } of targets) {
    if (!absent.has(file)) continue;
    findings.error('missing-file', path, `the target's file \`${file}\` is not there`, {
      hint: "a target is looked for from the folder of the pipeline's file",
    });
  }
  const compiled = targets.filter(({ file, language }) => language === 'javascript' && !absent.has(file));
  if (compileTargets === undefined || compiled.length === 0) return findings.diagnostics;
  const usesOf = new Map<string, TargetUse[]>();
  for (const use of compiled) {
    const uses = usesOf.get(use.file);
    if (uses) uses.push(use);
    else usesOf.set(use.file, [use]);
  }
  const facts = await compileTargets([...usesOf.keys()]);
  for (const [file, uses] of usesOf) complain(uses, facts.get(file), findings);
  return findings.diagnostics;
}

/** Of one file. What keeps it from being compiled is said where it is first used, an export that is not there everywhere. */
function complain(uses: readonly TargetUse[], facts: TargetFacts | undefined, findings: Findings): void {
  const [first, ...others] = uses;
  if (facts === undefined || first === undefined) throw new Error('Internal error: a target was not compiled');
  if ('refused' in facts) {
    const related = others.map(({ path }) => ({ message: 'used here, too', at: path }));
    for (const reason of facts.refused) {
      findings.error('bad-target', first.path, `the target cannot be compiled: ${reason}`, {
        hint: hintFor(reason),
        related,
      });
    }
    return;
  }
  const { exports } = facts;
  if (exports === null) return;
  for (const { export: name, path } of uses) {
    if (exports.includes(name)) continue;
    findings.error('bad-target', path, `the target has no export \`${name}\`: it exports ${listed(exports)}`, {
      hint: findings.didYouMean(name, exports) ?? `export \`${name}\`, or name what is exported`,
    });
  }
}

function hintFor(reason: string): string {
  const [, imported] = /: Could not resolve "(.*)"$/.exec(reason) ?? [];
  if (imported === undefined) return 'mend the file: nothing starts before all targets can be compiled';
  return imported.startsWith('.')
    ? 'an import is looked for from the folder of the file it stands in'
    : `install \`${imported}\` where that file finds it`;
}

function listed(names: readonly string[]): string {
  const most = 10;
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, most).map((name) => `\`${name}\``);
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}

/** Files looked for at once. */
const limit = pLimit(32);

async function absentOf(files: readonly string[]): Promise<readonly string[]> {
  const isFile = (file: string): Promise<boolean> =>
    stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
  const found = await Promise.all(files.map((file) => limit(async () => ((await isFile(file)) ? [] : [file]))));
  return found.flat();
}
