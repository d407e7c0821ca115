// What programs do with a queue, in all the ways there are: putting so many items, taking until the end.
import fc from 'fast-check';
import { Queue } from '../../src/sdk/queue.ts';
import { Session } from '../../src/sdk/session.ts';
import type { Running } from '../broker/kit.ts';
import { tokenFor } from '../../src/broker/token.ts';

export interface Item {
  readonly from: number;
  readonly number: number;
  readonly note: string;
}

export type Putting = 'one by one' | 'all at once' | 'confirmed' | 'without waiting' | 'with little time' | 'many';
export type Getting =
  | 'loop'
  | 'batches'
  | 'get'
  | 'take'
  | 'give back'
  | 'without waiting'
  | 'with little time'
  | 'with a signal';

export const producer = fc.record({
  how: fc.constantFrom<Putting>(
    'one by one',
    'all at once',
    'confirmed',
    'without waiting',
    'with little time',
    'many',
  ),
  count: fc.nat(120),
  size: fc.constantFrom(0, 10, 3000, 100_000),
});
export const consumer = fc.constantFrom<Getting>(
  'loop',
  'batches',
  'get',
  'take',
  'give back',
  'without waiting',
  'with little time',
  'with a signal',
);

/** Acts as that instance, and ends in good order. */
export async function as(here: Running, instance: string, act: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session({
    FORKLINE_SOCKET: here.path,
    FORKLINE_TOKEN: tokenFor('00'.repeat(32), instance),
    FORKLINE_PROCESS: instance,
  });
  await act(session);
  // Leaving writes without a turn of the loop, and here the broker that reads has the same loop.
  await session.confirm();
  session.leave('ended');
  await here.broker.gone({ type: 'gone', request: 1, node: instance, abandon: false });
  here.broker.settle({ type: 'settle', node: instance, held: 'done', stream: 'end', succeeded: true });
}

export function queueIn(session: Session): Queue<Item> {
  return session.channel('queue', 'q', () => new Queue<Item>(session, 'q'));
}

export async function putAll(
  queue: Queue<Item>,
  how: Putting,
  from: number,
  count: number,
  note: string,
): Promise<void> {
  const items = Array.from({ length: count }, (_, number): Item => ({ from, number, note }));
  if (how === 'many') return queue.putMany(items);
  if (how === 'all at once') return void (await Promise.all(items.map((item) => queue.put(item))));
  for (const item of items) {
    if (how === 'one by one') await queue.put(item);
    else if (how === 'confirmed') await queue.put(item, { confirm: true });
    else
      await until(() => (how === 'without waiting' ? queue.putNowait(item) : queue.put(item, { timeout: 1 })), 'Full');
  }
}

export async function getAll(queue: Queue<Item>, how: Getting, seen: Item[]): Promise<void> {
  if (how === 'loop') for await (const item of queue) seen.push(item);
  else if (how === 'batches') for await (const batch of queue.batches()) seen.push(...batch);
  else {
    for (;;) {
      try {
        await getOne(queue, how, seen);
      } catch (error) {
        if ((error as Error).name === 'QueueClosed') return;
        throw error;
      }
    }
  }
}

let given = 0;

async function getOne(queue: Queue<Item>, how: Exclude<Getting, 'loop' | 'batches'>, seen: Item[]): Promise<void> {
  if (how === 'get') {
    seen.push(await queue.get());
    queue.taskDone();
  } else if (how === 'take' || how === 'give back') {
    const taken = await queue.take();
    given += 1;
    if (how === 'give back' && given % 3 > 0) return taken.giveBack();
    seen.push(taken.value);
    taken.done();
  } else if (how === 'with a signal') {
    const aborted = await queue.get({ signal: AbortSignal.timeout(2) }).catch(rethrowUnless('TimeoutError'));
    if (aborted === undefined) return;
    seen.push(aborted);
    queue.taskDone();
  } else {
    const options = how === 'without waiting' ? { block: false } : { timeout: 1 };
    seen.push(await until(() => queue.get(options), 'Empty'));
    queue.taskDone();
  }
}

/** Tries again as long as that is what it fails with. */
async function until<T>(act: () => Promise<T>, name: string): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      rethrowUnless(name)(error);
    }
  }
}

function rethrowUnless(name: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as Error).name !== name) throw error;
    return undefined;
  };
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
