// The machine of deadlocks. Who waits for what is a graph: a node waits for causes, a cause has helpers, and any helper of any
// cause could set it going again. What cannot reach anybody who still runs, along these edges, can never go on.
import type { NodeId } from '../plan/plan.ts';
import type { WaitKind } from '../run/event.ts';
import type { AtPipe } from './suspicion.ts';

/** What one waits for, and who could make it come. Those who wait for the same may share it. */
export interface Cause {
  /** `stop`: for nothing, but it may be stopped. */
  readonly does: WaitKind | 'stop';
  /** Null where it is no channel that is waited at. */
  readonly channel: string | null;
  readonly helpers: ReadonlySet<NodeId>;
  /** Those of them that are named; without it, all. The others could help in a roundabout way only. */
  readonly named?: ReadonlySet<NodeId>;
  /** Of a lock: all who took it, where they have ended and left it taken. */
  readonly left?: readonly NodeId[];
  /** Of a lock: another run has it. */
  readonly elsewhere?: true;
  /** Of a lock that others read: the first of those who stand before it in line to write. It would be let in beside the readers but for them. */
  readonly behind?: readonly NodeId[];
}

/** Of those who are named, more say nothing more. */
export const MOST_NAMES = 100;

/** As a helper: somebody outside, who may always help. No node has this name. */
export const OUTSIDE: NodeId = '';

/** Nodes that can do nothing until one of their causes comes true. Whoever is not in it can help at any time. */
export type Blocked = ReadonlyMap<NodeId, readonly Cause[]>;

/** Of one at a pipe of the kernel's. */
export function causeAt({ does, on }: AtPipe): Cause {
  return { does, channel: null, helpers: new Set(on) };
}

/** Of one that waits for itself, among others: what it holds its workers work on, and only they can bring it back. */
export function throughWorkers(cause: Cause, node: NodeId, workers: readonly NodeId[]): Cause {
  const { helpers, named = helpers } = cause;
  if (!named.has(node)) return cause;
  return { ...cause, named: new Set([...[...named].filter((helper) => helper !== node), ...workers]) };
}

/** The nodes that nobody can ever set going again: the largest set of blocked ones all of whose helpers are in it too. */
export function closedSetOf(blocked: Blocked): Set<NodeId> {
  const closed = new Set(blocked.keys());
  const waiting = new Map<Cause, NodeId[]>();
  for (const [node, causes] of blocked) for (const cause of causes) add(waiting, cause, node);
  const helped = new Map<NodeId, Cause[]>();
  const freed: Cause[] = [];
  for (const cause of waiting.keys()) {
    if ([...cause.helpers].some((helper) => !blocked.has(helper))) freed.push(cause);
    else for (const helper of cause.helpers) add(helped, helper, cause);
  }
  for (let cause = freed.pop(); cause !== undefined; cause = freed.pop()) {
    for (const node of waiting.get(cause) ?? []) {
      if (closed.delete(node)) freed.push(...(helped.get(node) ?? []));
    }
    // It need not be gone through again.
    waiting.delete(cause);
  }
  return closed;
}

/**
 * The shortest way in a closed set that leads back to where it began; empty where there is none. Who waits for itself and for others, as
 * one of those who have a permit does, is a circle of its own only where there is no other.
 */
export function circleIn(blocked: Blocked, closed: ReadonlySet<NodeId>): NodeId[] {
  let shortest: NodeId[] = [];
  for (const start of [...closed].slice(0, MOST_STARTS)) {
    const circle = circleFrom(start, blocked, closed, shortest.length === 0 ? closed.size : shortest.length - 1);
    if (circle !== null) shortest = circle;
    if (shortest.length === 1) break;
  }
  return shortest.length > 0 ? shortest : [...closed].filter((node) => waitsForItself(node, blocked)).slice(0, 1);
}

function waitsForItself(node: NodeId, blocked: Blocked): boolean {
  return (blocked.get(node) ?? []).some((cause) => namedIn(cause).has(node));
}

/** Who stands in its way, if anybody stands nearer than the others. */
function namedIn({ behind, named, helpers }: Cause): ReadonlySet<NodeId> {
  return behind === undefined ? (named ?? helpers) : new Set(behind);
}

/** A large knot has many circles, and one of the first is as good as another. */
const MOST_STARTS = 256;

function circleFrom(start: NodeId, blocked: Blocked, closed: ReadonlySet<NodeId>, most: number): NodeId[] | null {
  const before = new Map<NodeId, NodeId>();
  let edge: NodeId[] = [start];
  for (let length = 1; length <= most && edge.length > 0; length += 1) {
    const next: NodeId[] = [];
    for (const node of edge) {
      for (const cause of blocked.get(node) ?? []) {
        const helpers = namedIn(cause);
        for (const helper of helpers) {
          if (helper === node && helpers.size > 1) continue;
          if (helper === start) return wayBack(start, node, before);
          if (!closed.has(helper) || before.has(helper)) continue;
          before.set(helper, node);
          next.push(helper);
        }
      }
    }
    edge = next;
  }
  return null;
}

function wayBack(start: NodeId, last: NodeId, before: ReadonlyMap<NodeId, NodeId>): NodeId[] {
  const way: NodeId[] = [];
  for (let node = last; node !== start; node = before.get(node) as NodeId) way.unshift(node);
  return [start, ...way];
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
