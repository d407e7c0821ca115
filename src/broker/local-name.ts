// How a process calls a channel: those in a sub-pipeline know what is in their file, by the names it has there.
import type { Channel, NodeId } from '../plan/plan.ts';

export function localName(channel: Channel, instance: NodeId): string {
  const within = instance.lastIndexOf('/');
  if (within === -1) return channel.name;
  const around = instance.slice(0, within);
  const called = channel.kind === 'pipe' ? undefined : channel.called?.[around];
  if (called !== undefined) return called;
  return channel.name.startsWith(`${around}/`) ? channel.name.slice(within + 1) : channel.name;
}
