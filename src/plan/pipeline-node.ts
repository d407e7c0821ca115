// A process that uses another file, as nodes of the Plan: one sub-pipeline for each of its instances, and what each of them gives
// to what is in it.
import { layOver, planEnvironment, withEnvironment } from '../pipeline/environment.ts';
import type { Json } from '../pipeline/json.ts';
import type { Pipeline, ProcessDeclaration, UsesDeclaration } from '../pipeline/pipeline.ts';
import type { Reading } from '../pipeline/reading.ts';
import { complainOfValue, durationOf, knownValueOf } from '../pipeline/setting.ts';
import type { Instance } from './expand.ts';
import { conditionOf, scopeFor } from './node.ts';
import type { PipelineNode } from './plan.ts';

/** A sub-pipeline before what is in it is put into the Plan. */
export interface SubPipeline {
  readonly node: PipelineNode;
  readonly declaration: ProcessDeclaration & { readonly uses: UsesDeclaration };
  /** For its params. */
  readonly values: Readonly<Record<string, Json>>;
  /** Lies under what is set in the file. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the instances of a process have in common. */
type Shared = Pick<PipelineNode, 'name' | 'at' | 'needs'>;

/** Null where a mistake is in it. */
export function subPipelineOf(
  process: SubPipeline['declaration'],
  { id, ...instance }: Instance,
  shared: Shared,
  pipeline: Pipeline,
  reading: Reading,
): SubPipeline | null {
  const own = scopeFor(process, pipeline, { id, ...instance });
  const environment = process.environment.reduce(
    (under, layer) => layOver(under, layer, own, reading.complain),
    pipeline.environment,
  );
  const scope = withEnvironment(own, environment);
  const given = process.uses.with.map(([name, formula]) => [name, knownValueOf(formula, scope, reading)] as const);
  const condition = process.if === null ? true : conditionOf(process.if, scope, reading);
  const timeoutMs = process.timeout === null ? null : durationOf(process.timeout, scope, reading);
  if (process.timeout !== null && timeoutMs === 0)
    complainOfValue(process.timeout, 'a time limit of 0 would end it at once; without a limit, leave it out', reading);
  if (condition === undefined || timeoutMs === undefined || given.some(([, value]) => value === undefined)) return null;
  const node: PipelineNode = {
    kind: 'pipeline',
    id,
    ...shared,
    file: '',
    params: {},
    ...instance,
    if: condition,
    timeoutMs,
    onFailure: process.onFailure,
  };
  const values = Object.fromEntries(given) as Readonly<Record<string, Json>>;
  return { node, declaration: process, values, env: planEnvironment(environment) };
}
