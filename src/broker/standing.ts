// How the channels stand: who waits at which, who could help, and how full they are. What each channel knows of itself is put
// together here; it is asked for only when somebody looks.
import type { NodeId, QueueChannel } from '../plan/plan.ts';
import type { QueueFill } from '../run/event.ts';
import type { Line } from './line.ts';
import { waitsFor } from './lock-waits.ts';
import type { Pipe } from './pipe.ts';
import type { Waiting } from './queue-waits.ts';
import type { ChannelWait } from './sight.ts';
import type { Cause } from './waits.ts';

export class Standing {
  readonly #channels: readonly Line[];
  readonly #ended: ReadonlySet<NodeId>;
  readonly #sources: ReadonlyMap<string, readonly string[]>;
  /** Of those that were asked for, by the first queue of their group. */
  readonly #movers = new Map<string, ReadonlySet<NodeId>>();

  /** `ended`: instances that have ended for good. */
  constructor(channels: readonly Line[], ended: ReadonlySet<NodeId>) {
    this.#channels = channels;
    this.#sources = sourcesIn(channels);
    this.#ended = ended;
  }

  /** Every session that waits. */
  waits(): ChannelWait[] {
    return this.#channels.flatMap(({ kind, channel, machine }) => {
      if (kind === 'queue') return named(machine.view.waits(), channel.name, this.#othersMovers(channel));
      if (kind === 'pipe') return named(waitsInPipe(machine), channel.name, null);
      const releasers = channel.owned ? [] : channel.users.filter((user) => !this.#ended.has(user));
      return named(waitsFor(machine, releasers, this.#ended), channel.name, null);
    });
  }

  /** Who could still bring on a queue, and all that close together with it. */
  movers(name: string): Iterable<NodeId> {
    for (const { kind, channel, machine } of this.#channels) {
      if (kind === 'queue' && channel.name === name) return this.#othersMovers(channel) ?? machine.view.movers();
    }
    return [];
  }

  fills(names: ReadonlySet<string | null>): Record<string, QueueFill> {
    return Object.fromEntries(
      this.#channels.flatMap(({ kind, channel, machine }) =>
        kind === 'queue' && names.has(channel.name) ? [[channel.name, machine.view.fill] as const] : [],
      ),
    );
  }

  /**
   * Who else than a queue itself knows of could bring it its end: a group of queues closes once nothing moves in any of them,
   * and dead letters end with the queues that they come from. Null: nobody.
   */
  #othersMovers(channel: QueueChannel): ReadonlySet<NodeId> | null {
    const { name, group } = channel;
    const key = group?.[0] ?? name;
    const known = this.#movers.get(key);
    if (known !== undefined) return known;
    const kin = new Set(group ?? [name]);
    // It grows while it is read.
    for (const one of kin) {
      for (const source of this.#sources.get(one) ?? []) {
        kin.add(source);
        for (const other of this.#groupOf(source)) kin.add(other);
      }
    }
    if (kin.size === 1 && group === null) return null;
    const movers = new Set<NodeId>();
    for (const { kind, channel: other, machine } of this.#channels) {
      if (kind === 'queue' && kin.has(other.name)) for (const mover of machine.view.movers()) movers.add(mover);
    }
    this.#movers.set(key, movers);
    return movers;
  }

  #groupOf(name: string): readonly string[] {
    const found = this.#channels.find(({ kind, channel }) => kind === 'queue' && channel.name === name);
    return found?.kind === 'queue' ? (found.channel.group ?? []) : [];
  }
}

/** By the queue of dead letters, those that they come from. */
function sourcesIn(channels: readonly Line[]): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const { kind, channel } of channels) {
    if (kind !== 'queue' || channel.deadLetter === null) continue;
    const known = sources.get(channel.deadLetter);
    if (known === undefined) sources.set(channel.deadLetter, [channel.name]);
    else known.push(channel.name);
  }
  return sources;
}

function waitsInPipe({ ways }: Pipe): Waiting[] {
  return ways.flatMap(({ queue }) =>
    queue.view.waits().map(({ session, cause }) => ({
      session,
      cause: { ...cause, does: cause.does === 'get' ? 'receive' : 'send' },
    })),
  );
}

/** `movers` could bring the end, which a `get` waits for as well as for an item. */
function named(waits: readonly Waiting[], channel: string, movers: ReadonlySet<NodeId> | null): ChannelWait[] {
  const causes = new Map<Waiting['cause'], Cause>();
  return waits.map(({ session, cause }) => {
    let whole = causes.get(cause);
    if (whole === undefined) {
      const more = cause.does === 'get' && movers !== null ? movers : [];
      const helpers = new Set([...cause.helpers, ...more]);
      const direct = cause.named ?? cause.helpers;
      whole = { ...cause, channel, helpers, named: direct.size === 0 ? helpers : direct };
      causes.set(cause, whole);
    }
    return { session, cause: whole };
  });
}
