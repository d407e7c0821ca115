// Pipelines as text, planned by the real stages: what comes out, and what is found, in one line a finding.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Source } from '../../src/pipeline/source.ts';
import { planSource } from '../../src/plan/check.ts';
import { isProcess } from '../../src/plan/node-kind.ts';
import type { Node, Plan, ProcessNode } from '../../src/plan/plan.ts';

export interface PlannedOptions {
  readonly params?: Readonly<Record<string, string>>;
  /** It may be a file that others use. */
  readonly asPart?: boolean;
  /** Files beside the pipeline, by name; `-> FILE` makes a link. */
  readonly files?: Readonly<Record<string, string>>;
  /** Given where it is to be run. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Planned {
  readonly plan: Plan | null;
  /** `line:column severity code message`. */
  readonly findings: readonly string[];
  readonly hints: readonly string[];
  readonly related: readonly string[];
}

export async function planned(
  yaml: string,
  { params = {}, files = {}, asPart = false, environment }: PlannedOptions = {},
): Promise<Planned> {
  const root = mkdtempSync(join(tmpdir(), 'forkline-plan-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(root, name));
      else writeFileSync(join(root, name), text);
    }
    const source = new Source(join(root, 'pipeline.yaml'), yaml);
    const { plan, diagnostics, sources } = await planSource(source, { params, asPart, environment });
    const words = (text: string): string => text.replaceAll(root, '/project');
    const at = (file: string, offset: number): string => {
      const found = sources.find((each) => each.file === file) ?? source;
      const { line, column } = found.position(offset);
      return `${found === source ? '' : `${relative(root, file)}:`}${line}:${column}`;
    };
    return {
      plan: plan === null ? null : (JSON.parse(words(JSON.stringify(plan))) as Plan),
      findings: diagnostics.map(({ severity, code, message, file, span }) =>
        words(`${at(file, span.start)} ${severity} ${code} ${message}`),
      ),
      hints: diagnostics.map(({ hint }) => hint ?? ''),
      related: diagnostics.flatMap(({ related, file: own }) =>
        related.map(({ message, file = own, span }) => words(`${at(file, span.start)} ${message}`)),
      ),
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A plan in which nothing is wrong or doubtful. */
export async function soundPlan(yaml: string, options: PlannedOptions = {}): Promise<Plan> {
  const { plan, findings } = await planned(yaml, options);
  if (plan === null || findings.length > 0) throw new Error(`the pipeline is not sound:\n${findings.join('\n')}`);
  return plan;
}

export function nodeOf(plan: Plan | null, id: string): Node {
  const node = plan?.nodes.find((each) => each.id === id);
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
}

export function processOf(plan: Plan | null, id: string): ProcessNode {
  const node = nodeOf(plan, id);
  if (!isProcess(node)) throw new Error(`${id} is a ${node.kind}`);
  return node;
}
