// Pipelines as text, planned by the real stages: what comes out, and what is found, in one line a finding.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Source } from '../../src/pipeline/source.ts';
import { planSource } from '../../src/plan/check.ts';
import { isProcess } from '../../src/plan/node-kind.ts';
import type { Node, Plan, ProcessNode } from '../../src/plan/plan.ts';

export interface PlannedOptions {
  readonly params?: Readonly<Record<string, string>>;
  /** Files beside the pipeline, by name. */
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
  { params = {}, files = {}, environment }: PlannedOptions = {},
): Promise<Planned> {
  const root = mkdtempSync(join(tmpdir(), 'forkline-plan-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const source = new Source(join(root, 'pipeline.yaml'), yaml);
    const { plan, diagnostics } = await planSource(source, { params, environment });
    const at = (offset: number): string => {
      const { line, column } = source.position(offset);
      return `${line}:${column}`;
    };
    const words = (text: string): string => text.replaceAll(root, '/root');
    return {
      plan: plan === null ? null : (JSON.parse(words(JSON.stringify(plan))) as Plan),
      findings: diagnostics.map(({ severity, code, message, span }) =>
        words(`${at(span.start)} ${severity} ${code} ${message}`),
      ),
      hints: diagnostics.map(({ hint }) => hint ?? ''),
      related: diagnostics.flatMap(({ related }) => related.map(({ message, span }) => `${at(span.start)} ${message}`)),
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
