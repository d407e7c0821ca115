// The levels of a run: the plan's own, and one for each sub-pipeline, with all that is directly in it. How far each has come is
// kept here; what follows from that is decided in `schedules`.
import type { Channel, Node, NodeId, PipelineNode, Plan } from '../plan/plan.ts';
import type { Schedule } from './schedule.ts';

export type Level = OwnLevel | SubPipeline;

interface OwnLevel {
  readonly node: null;
  readonly schedule: Schedule;
  readonly told: null;
}

export interface SubPipeline {
  readonly node: PipelineNode;
  readonly around: Level;
  readonly members: readonly Node[];
  readonly schedule: Schedule;
  readonly mayTimeOut: boolean;
  /** Files of its own queues (`to`) that are not yet whole or given up. */
  readonly unwritten: Set<string>;
  /** `writing`: all that is in it has ended, but for these files. */
  phase: 'pending' | 'running' | 'writing' | 'ended';
  /** It was told to stop, and what it will have ended as. */
  told: 'terminated' | 'stopped' | null;
  /** Why it was told so. */
  reason: string | null;
  /** Why it stops by itself. */
  failing: string | null;
  /** What has failed in it. */
  failed: readonly NodeId[];
  /** Why one of those files never will be whole. */
  unwritable: string | null;
  timedOut: boolean;
}

export interface Levels {
  readonly own: OwnLevel;
  readonly subs: ReadonlyMap<NodeId, SubPipeline>;
  /** By their members; what is in none is the plan's own. */
  readonly levelOf: ReadonlyMap<NodeId, SubPipeline>;
  /** Those with a join that waits for the queue. */
  readonly levelsOfQueue: ReadonlyMap<string, readonly Level[]>;
}

export function levelsOf(plan: Plan, scheduleOf: (plan: Plan) => Schedule): Levels {
  const pipelines = plan.nodes.filter((node) => node.kind === 'pipeline');
  const inside = new Map<NodeId, Node[]>(pipelines.map(({ id }) => [id, []]));
  const outside: Node[] = pipelines.length === 0 ? [...plan.nodes] : [];
  if (pipelines.length > 0)
    for (const node of plan.nodes) (node.within === undefined ? outside : inside.get(node.within))?.push(node);
  const own: OwnLevel = { node: null, schedule: scheduleOf({ ...plan, nodes: outside }), told: null };
  const subs = new Map<NodeId, SubPipeline>();
  const levelOf = new Map<NodeId, SubPipeline>();
  // Each stands before what is in it.
  for (const node of pipelines) {
    const members = inside.get(node.id) ?? [];
    const around = node.within === undefined ? own : (subs.get(node.within) ?? own);
    const { timeoutMs } = node;
    const schedule = scheduleOf({ ...plan, nodes: members, timeoutMs });
    const mayTimeOut = timeoutMs !== null || members.some((one) => one.kind === 'join' && one.timeoutMs !== null);
    const unwritten = new Set(plan.channels.filter((one) => isWrittenIn(one, node.id)).map(({ name }) => name));
    const sub = { node, around, members, schedule, mayTimeOut, unwritten, phase: 'pending', told: null } as const;
    const level: SubPipeline = { ...sub, reason: null, failing: null, failed: [], unwritable: null, timedOut: false };
    subs.set(node.id, level);
    for (const { id } of members) levelOf.set(id, level);
  }
  const levelsOfQueue = new Map<string, Set<Level>>();
  for (const level of [own, ...subs.values()])
    for (const queue of level.schedule.awaitedQueues)
      levelsOfQueue.set(queue, (levelsOfQueue.get(queue) ?? new Set()).add(level));
  return { own, subs, levelOf, levelsOfQueue: new Map([...levelsOfQueue].map(([queue, set]) => [queue, [...set]])) };
}

function isWrittenIn(channel: Channel, sub: NodeId): boolean {
  return (
    channel.kind === 'queue' && channel.to !== null && channel.name.slice(0, channel.name.lastIndexOf('/')) === sub
  );
}
