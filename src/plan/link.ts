// What binds nodes to each other in the Plan: their needs, what joins wait for, and what they may do with which channel.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { getsOf, putsOf } from '../pipeline/names.ts';
import type { JoinDeclaration, ProcessDeclaration } from '../pipeline/pipeline.ts';
import { textOfReference } from '../pipeline/reference.ts';
import type { Graph } from './graph.ts';
import type { Instances } from './instances.ts';
import type { Grant, Held, JoinNode, Need, NodeId, Place } from './plan.ts';
import type { Edge, Vertex } from './vertex.ts';

/** Those who need the same share one and the same `Need`, however many they are. */
export class Needs {
  readonly #instances: Instances;
  readonly #findings: Findings;
  readonly #made = new Map<string, Need>();

  constructor(instances: Instances, findings: Findings) {
    this.#instances = instances;
    this.#findings = findings;
  }

  of(vertex: Vertex): readonly Need[] {
    return [...new Set(vertex.needs.map((edge) => this.#need(edge)))];
  }

  #need({ to, condition, reference }: Edge): Need {
    const name = textOfReference(reference);
    const made = this.#made.get(`${name} ${condition}`);
    if (made !== undefined) return made;
    const need: Need = { name, instances: this.#instances.meant(to, reference), condition };
    const isEmpty = reference.instance === null && need.instances.length === 0 && !this.#instances.isUnknown(to);
    if (condition === 'failed' && isEmpty) {
      this.#findings.error(
        'needs-unreachable',
        placeOf(reference),
        `\`${name}\` can never be \`failed\`: it has no instances`,
        {
          hint: 'nothing to run has succeeded',
        },
      );
    }
    this.#made.set(`${name} ${condition}`, need);
    return need;
  }
}

export function grantsOf(process: ProcessDeclaration, { queues, locks }: ChannelNames): readonly Grant[] {
  const grants = new Map<string, Grant>();
  const add = (role: Grant['role'], channel: string, known: ReadonlySet<string>): void => {
    if (known.has(channel)) grants.set(`${role} ${channel}`, { channel, role });
  };
  for (const { name } of putsOf(process)) add('put', name, queues);
  for (const { name } of getsOf(process)) add('get', name, queues);
  for (const { name } of process.locks) add('lock', name, locks);
  return [...grants.values()];
}

/** What one instance may control: all that its process names, but for itself. */
export class Controls {
  readonly #graph: Graph;
  readonly #instances: Instances;
  readonly #findings: Findings;

  constructor(graph: Graph, instances: Instances, findings: Findings) {
    this.#graph = graph;
    this.#instances = instances;
    this.#findings = findings;
  }

  of({ name, controls }: ProcessDeclaration): (id: NodeId) => readonly NodeId[] {
    const meant = controls.flatMap((reference) => {
      const vertex = this.#graph.byName.get(reference.name);
      const ids = vertex === undefined ? [] : this.#instances.meant(vertex, reference);
      const isItself = vertex !== undefined && reference.name === name && this.#instances.idsOf(vertex).length === 1;
      if (isItself) {
        this.#findings.error('self-join', placeOf(reference), `\`${name}\` cannot control itself`, {
          hint: 'take it out: to end, return or exit',
        });
      }
      return ids;
    });
    const all = [...new Set(meant)];
    return (id) => (all.includes(id) ? all.filter((other) => other !== id) : all);
  }
}

/** Each once; alone, where it is said both ways. */
export function holdsOf({ holds }: ProcessDeclaration, { locks }: ChannelNames): readonly Held[] {
  const held = new Map<string, boolean>();
  for (const { name, shared } of holds) if (locks.has(name)) held.set(name, shared && (held.get(name) ?? true));
  return [...held].map(([lock, shared]) => ({ lock, shared }));
}

export interface ChannelNames {
  readonly queues: ReadonlySet<string>;
  readonly locks: ReadonlySet<string>;
}

export function joinNodeOf(
  join: JoinDeclaration,
  needs: readonly Need[],
  at: Place,
  { byName, queues }: Graph,
  instances: Instances,
  findings: Findings,
): JoinNode {
  const processes = new Set<NodeId>();
  for (const reference of join.processes) {
    const vertex = byName.get(reference.name);
    if (vertex !== undefined) for (const id of instances.meant(vertex, reference)) processes.add(id);
  }
  const known = new Set(queues.map(({ declaration }) => declaration.name));
  const isUnknown = join.processes.some(({ name }) => {
    const vertex = byName.get(name);
    return vertex === undefined || instances.isUnknown(vertex);
  });
  if (join.mode !== 'all' && join.mode > processes.size && processes.size > 0 && !isUnknown) {
    const message = `\`${join.name}\` waits for ${join.mode} to succeed, but there ${processes.size === 1 ? 'is' : 'are'} only ${processes.size}`;
    findings.error('needs-unreachable', keyOf([...join.path, 'mode']), message, {
      hint: '`any` and a number count instances',
    });
  }
  return {
    kind: 'join',
    id: join.name,
    name: join.name,
    at,
    needs,
    processes: [...processes],
    queues: [...new Set(join.queues.map(({ name }) => name))].filter((name) => known.has(name)),
    // Nothing to wait for has succeeded.
    mode: processes.size === 0 ? 'all' : join.mode,
    timeoutMs: join.timeoutMs,
    onTimeout: join.onTimeout,
    onPass: join.onPass,
  };
}
