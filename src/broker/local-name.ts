// How a process calls what is around it: those in a sub-pipeline know what is in their file, by the names it has there.
import type { Channel, NodeId } from '../plan/plan.ts';

export function localName(channel: Channel, instance: NodeId): string {
  const around = aroundOf(instance);
  const called = around === '' || channel.kind === 'pipe' ? undefined : channel.called?.[around];
  return called ?? localId(channel.name, instance);
}

/** Of another instance in the same file. */
export function localId(id: NodeId, instance: NodeId): NodeId {
  const around = aroundOf(instance);
  return around !== '' && id.startsWith(`${around}/`) ? id.slice(around.length + 1) : id;
}

export function wholeId(local: NodeId, instance: NodeId): NodeId {
  const around = aroundOf(instance);
  return around === '' ? local : `${around}/${local}`;
}

/** The sub-pipeline that it is in; empty where it is in none. */
function aroundOf(instance: NodeId): NodeId {
  const end = instance.lastIndexOf('/');
  return end === -1 ? '' : instance.slice(0, end);
}
