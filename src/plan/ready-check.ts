// What a probe of `ready` can be known to miss before anything starts: output that goes elsewhere, and a pattern that is none.
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Document, Path } from '../pipeline/document.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import { patternProblem } from '../pipeline/json-schema.ts';
import type { ProcessDeclaration } from '../pipeline/pipeline.ts';
import type { ProcessNode } from './plan.ts';

/** A regular expression that a probe looks for, and where it stands. */
export interface PatternUse {
  readonly pattern: string;
  readonly path: Path;
}

/** `nodes` are the instances of `process`. Answers the patterns that they look for, which are still to be looked at. */
export function checkReady(
  { path, name }: ProcessDeclaration,
  nodes: readonly ProcessNode[],
  findings: Findings,
): readonly PatternUse[] {
  const patterns = new Set<string>();
  for (const { ready, stdout, stderr } of nodes) {
    if (ready?.probe.type !== 'log') continue;
    patterns.add(ready.probe.pattern);
    if (stdout.type === 'log' || stderr.type === 'log') continue;
    const message = `no line of \`${name}\` is ever seen: its stdout and its stderr both go elsewhere`;
    findings.error('bad-probe', keyOf([...path, 'ready', 'log']), message, {
      hint: 'leave `stdout` or `stderr` to the log, or use another probe',
    });
  }
  return [...patterns].map((pattern) => ({ pattern, path: [...path, 'ready', 'log'] }));
}

export async function checkPatterns(
  patterns: readonly PatternUse[],
  document: Document,
): Promise<readonly Diagnostic[]> {
  const findings = new Findings(document);
  for (const { pattern, path } of patterns) {
    const problem = await patternProblem(pattern);
    if (problem === null) continue;
    findings.error('bad-probe', path, `this is no regular expression of RE2: ${problem}`, {
      hint: 'RE2 has no lookaround and no back references',
    });
  }
  return findings.diagnostics;
}
