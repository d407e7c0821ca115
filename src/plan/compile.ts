// Pipeline → Plan: instances, what each waits for, and who may use which channel as what. All that is wrong is found before
// it gives up; there is a Plan only where nothing is.
import { resolve } from 'node:path';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Path } from '../pipeline/document.ts';
import { keyOf } from '../pipeline/finding.ts';
import { directoryOf } from '../pipeline/lookup.ts';
import type { Pipeline, ProcessDeclaration } from '../pipeline/pipeline.ts';
import { Reading } from '../pipeline/reading.ts';
import { complainOfCycles } from './cycle.ts';
import { checkEach } from './each-check.ts';
import { checkEncodings } from './encoding-check.ts';
import { type Graph, graphOf, startsAfter } from './graph.ts';
import { Instances } from './instances.ts';
import { type ChannelNames, Controls, grantsOf, holdsOf, joinNodeOf, Needs } from './link.ts';
import { checkFences, checkHeldOrder, checkHolds } from './holds-check.ts';
import { checkLockOrder } from './lock-order.ts';
import { bodyMaker } from './node.ts';
import { orderOf } from './order.ts';
import { checkOutputReads } from './output-reads.ts';
import { checkPipeEnds } from './pipe-ends.ts';
import { type SubPipeline, subPipelineOf } from './pipeline-node.ts';
import { pipeGrantsOf, pipesOf } from './pipes.ts';
import type { Launch, Node, NodeId, PipeChannel, Place, Plan, ProcessNode } from './plan.ts';
import { checkReady, type PatternUse } from './ready-check.ts';
import { Requirements } from './requirements.ts';
import { checkSlots } from './slots.ts';
import { checkStreams } from './stream-check.ts';
import { checkCircles } from './stream-deadlock.ts';
import { channelsOf } from './streams.ts';
import { checkTerminals } from './tty-check.ts';
import type { Vertex } from './vertex.ts';

/** A target that a node starts, and where it is named. */
export interface TargetUse extends Pick<Target, 'language' | 'file' | 'export'> {
  readonly path: Path;
}

type Target = Extract<Launch, { type: 'target' }>;

export interface Compiled {
  /** Null where something is wrong, here or in what the pipeline was read from. */
  readonly plan: Plan | null;
  readonly targets: readonly TargetUse[];
  /** What probes look for in lines. */
  readonly patterns: readonly PatternUse[];
  /** What the plan's sub-pipelines are to be filled with, by their ids. */
  readonly subPipelines: ReadonlyMap<NodeId, SubPipeline>;
  readonly diagnostics: readonly Diagnostic[];
}

export function compile(pipeline: Pipeline): Compiled {
  const { document } = pipeline;
  const reading = new Reading(document);
  const { findings } = reading;
  const graph = graphOf(pipeline, findings);
  const instances = new Instances(graph, findings);
  const order = orderOf(graph.vertices.map((vertex) => startsAfter(vertex, graph).map(({ index }) => index)));
  complainOfCycles(order.cycles, graph, findings);
  const requirements = new Requirements(graph);
  checkStreams(pipeline, graph, requirements, findings);
  checkEach(pipeline, findings);
  checkTerminals(graph, requirements, instances, findings);
  checkPipeEnds(graph, instances, findings);
  checkCircles(graph, requirements, findings);
  checkOutputReads(graph, instances, document, findings);
  checkHolds(pipeline, findings);
  checkLockOrder(pipeline, graph, requirements, instances, findings);
  const placeOf = (path: Path): Place => document.source.position(findings.span(keyOf(path)).start);
  const needs = new Needs(instances, findings);
  const controls = new Controls(graph, instances, findings);
  const pipes = pipesOf(pipeline, graph, instances, placeOf, findings);
  const context: Context = {
    pipeline,
    names: directoryOf(pipeline),
    graph,
    pipes,
    instances,
    needs,
    controls,
    reading,
  };
  const targets: TargetUse[] = [];
  const patterns: PatternUse[] = [];
  const subPipelines = new Map<NodeId, SubPipeline>();
  const queues = new Map(pipeline.queues.map((queue) => [queue.name, queue]));
  const nodes = order.sequence.flatMap((index): readonly Node[] => {
    const vertex = graph.vertices[index] as Vertex;
    const { thing } = vertex;
    const at = placeOf(thing.declaration.path);
    if (thing.kind === 'join') {
      return [joinNodeOf(thing.declaration, needs.of(vertex), at, graph, instances, findings)];
    }
    const { declaration } = thing;
    if (isUse(declaration)) {
      const made = subPipelinesOf(vertex, declaration, at, context);
      for (const one of made) subPipelines.set(one.node.id, one);
      return made.map(({ node }) => node);
    }
    const made = processNodesOf(vertex, thing.declaration, at, context);
    checkEncodings(thing.declaration, made, queues, findings);
    patterns.push(...checkReady(thing.declaration, made, findings));
    targets.push(...targetsOf(made, [...thing.declaration.path, 'target']));
    return made;
  });
  const { source } = document;
  const plan: Plan = {
    version: 1,
    name: pipeline.name,
    ...(pipeline.description === null ? {} : { description: pipeline.description }),
    file: source.file === '-' ? '-' : resolve(source.file),
    root: pipeline.root,
    params: pipeline.params,
    secrets: [...pipeline.environment.secrets],
    timeoutMs: pipeline.timeoutMs,
    slots: pipeline.slots,
    nodes,
    channels: [...channelsOf(pipeline, graph, instances, placeOf), ...pipes],
  };
  const expected = graph.vertices.reduce((sum, vertex) => sum + instances.idsOf(vertex).length, 0);
  const isWhole = nodes.length === expected && !instances.tooMany;
  const declaredAt = (name: string) => {
    const vertex = graph.byName.get(name);
    return vertex && keyOf(vertex.thing.declaration.path);
  };
  if (isWhole) {
    checkSlots(plan, declaredAt, findings);
    checkHeldOrder(plan, graph, findings);
    checkFences(plan, graph, findings);
  }
  const { diagnostics } = findings;
  const isSound = isWhole && !diagnostics.some(({ severity }) => severity === 'error');
  return { plan: isSound ? plan : null, targets, patterns, subPipelines, diagnostics };
}

interface Context {
  readonly pipeline: Pipeline;
  readonly names: ChannelNames;
  readonly graph: Graph;
  readonly pipes: readonly PipeChannel[];
  readonly instances: Instances;
  readonly needs: Needs;
  readonly controls: Controls;
  readonly reading: Reading;
}

function processNodesOf(
  vertex: Vertex,
  declaration: ProcessDeclaration,
  at: Place,
  { pipeline, names, graph, pipes, instances, needs, controls, reading }: Context,
): readonly ProcessNode[] {
  const bodyFor = bodyMaker(declaration, pipeline, reading);
  const shared = {
    kind: declaration.kind,
    name: declaration.name,
    at,
    needs: needs.of(vertex),
  };
  const granted = grantsOf(declaration, names);
  const holds = holdsOf(declaration, names);
  const controlled = controls.of(declaration);
  const piped = pipedOf(vertex, graph, instances);
  return instances.of(vertex).flatMap((instance): readonly ProcessNode[] => {
    const body = bodyFor(instance);
    const { id, replica, matrix } = instance;
    const grants = [...granted, ...pipeGrantsOf(pipes, id)];
    if (body === null) return [];
    return [{ id, ...shared, grants, holds, controls: controlled(id), replica, matrix, ...body, ...piped }];
  });
}

function isUse(declaration: ProcessDeclaration): declaration is SubPipeline['declaration'] {
  return declaration.uses !== null;
}

function subPipelinesOf(
  vertex: Vertex,
  declaration: SubPipeline['declaration'],
  at: Place,
  { pipeline, instances, needs, reading }: Context,
): readonly SubPipeline[] {
  const shared = { name: declaration.name, at, needs: needs.of(vertex) };
  return instances
    .of(vertex)
    .map((instance) => subPipelineOf(declaration, instance, shared, pipeline, reading))
    .filter((one) => one !== null);
}

/** Its stdin and its stdout, where a pipe joins it to another process; both have one instance. */
function pipedOf(vertex: Vertex, graph: Graph, instances: Instances): Partial<Pick<ProcessNode, 'stdin' | 'stdout'>> {
  const joined = (other: Vertex | undefined) => {
    const [id] = other === undefined ? [] : instances.idsOf(other);
    return id === undefined ? null : { type: 'process' as const, process: id };
  };
  const stdin = joined(graph.chains.byReader.get(vertex)?.writer);
  const stdout = joined(graph.chains.byWriter.get(vertex)?.reader);
  return { ...(stdin && { stdin }), ...(stdout && { stdout }) };
}

function targetsOf(nodes: readonly ProcessNode[], path: Path): readonly TargetUse[] {
  const uses = new Map<string, TargetUse>();
  for (const { launch } of nodes) {
    if (launch.type !== 'target') continue;
    const { language, file, export: name } = launch;
    uses.set(`${file}#${name}`, { language, file, export: name, path });
  }
  return [...uses.values()];
}
