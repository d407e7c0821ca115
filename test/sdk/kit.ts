// A client in this process and its session at a scripted broker.
import { afterEach, beforeEach, vi } from 'vitest';
import { Lock } from '../../src/sdk/lock.ts';
import { Queue } from '../../src/sdk/queue.ts';
import { Session } from '../../src/sdk/session.ts';
import type { WelcomeChannel } from '../../src/wire/message.ts';
import type { Meaning } from '../wire/meaning.ts';
import { queueChannel, type ScriptedSession, scriptedBroker } from '../kit/scripted-broker.ts';

export interface Client {
  readonly broker: ScriptedSession;
  readonly session: Session;
  readonly queue: <T = unknown>(name?: string) => Queue<T>;
  readonly lock: (name?: string) => Lock;
}

/** No time passes in the tests of a file but what they let pass: what goes together into a frame depends on how much does. */
export function holdTime(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
}

/** Connected and welcomed. */
export async function client(...channels: WelcomeChannel[]): Promise<Client> {
  const met = await stranger();
  await met.broker.welcome(...(channels.length > 0 ? channels : [queueChannel()]));
  return met;
}

/** Connected, and not yet heard. */
export async function stranger(): Promise<Client> {
  const scripted = await scriptedBroker();
  const session = new Session(scripted.environment);
  return {
    broker: await scripted.session(),
    session,
    queue: <T>(name = 'dishes') => session.channel('queue', name, () => new Queue<T>(session, name)),
    lock: (name = 'mutex') => session.channel('lock', name, () => new Lock(session, name)),
  };
}

export const room = (count: number, bytes = 1_000_000): Meaning => ({
  type: 'ROOM',
  flags: 0,
  channel: 1,
  count,
  bytes,
});
export const deliver = (...items: string[]): Meaning => ({ type: 'DELIVER', flags: 0, channel: 1, items });
export const put = (...items: string[]): Meaning => ({ type: 'PUT', flags: 0, channel: 1, items });
export const bare = (type: Meaning['type'], flags = 0): Meaning => ({ type, flags, channel: 1 });
export const counted = (type: Meaning['type'], count: number, flags = 0): Meaning => ({
  type,
  flags,
  channel: 1,
  count,
});
export const range = (type: Meaning['type'], tag: number, count: number): Meaning => ({
  type,
  flags: 0,
  channel: 1,
  tag,
  count,
});

/** The name of what a call rejects with. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return (error as Error).name;
  }
  return 'nothing';
}
