// What a client says by a frame on a channel, said to the channel's machine. Throws a `ProtocolError` where it may not say that,
// or the frame is not as it must be.
import { AsideItems, LEAST_ASIDE } from '../wire/aside.ts';
import {
  expectEmpty,
  readCount,
  readFinish,
  readItems,
  readJson,
  readLaneNumber,
  readOffer,
  readPriority,
  readRange,
  readRelease,
  readRequest,
  readRoom,
} from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { Flag, type LaneClosed, type LaneLeft, Limit, Type } from '../wire/message.ts';
import { type Manner, PLAINLY } from './backlog.ts';
import type { LargeBuffers } from './large-buffers.ts';
import { Most } from './limits.ts';
import type { Party } from './party.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { Switchboard } from './switchboard.ts';

export interface Exchange {
  readonly switchboard: Switchboard;
  /** Large items that are done leave theirs to others. */
  readonly buffers: LargeBuffers;
  /** Where large items can lie instead. */
  readonly memory: SharedMemory;
}

export function hearFrame(frame: Frame, party: Party, exchange: Exchange): void {
  const { switchboard, buffers } = exchange;
  const { session } = party;
  const { channel } = frame;
  switch (frame.type) {
    case Type.PUT:
      put(frame, party, isLeft(frame) ? AT_LEFT : PLAINLY, exchange);
      break;
    case Type.PUT_PRIORITY:
      put(frame, party, { priority: readPriority(frame) }, exchange);
      break;
    case Type.OFFER:
      switchboard.offer(party, channel, readItems(frame), { ...readOffer(frame), left: isLeft(frame) });
      break;
    case Type.WANT: {
      const { count, bytes } = readRoom(frame);
      if (bytes > count * Limit.ITEM) throw new ProtocolError('limit', 'an item would be larger than 1 GiB');
      switchboard.queue(party, channel, 'put').want(session, count, bytes, (frame.flags & Flag.TRY) !== 0);
      break;
    }
    case Type.UNWANT:
      expectEmpty(frame);
      switchboard.queue(party, channel, 'put').unwant(session);
      break;
    case Type.GIVE_ROOM: {
      const { count, bytes } = readRoom(frame);
      switchboard.queue(party, channel, 'put').giveRoom(session, count, bytes);
      break;
    }
    case Type.CLOSE:
      expectEmpty(frame);
      switchboard.close(party, channel);
      break;
    case Type.SHUT:
      expectEmpty(frame);
      switchboard.shut(party, channel);
      break;
    case Type.GET:
      switchboard
        .queue(party, channel, 'get')
        .get(session, readCount(frame), (frame.flags & Flag.WAITING) !== 0, (frame.flags & Flag.RIGHT) !== 0);
      break;
    case Type.UNGET:
      expectEmpty(frame);
      switchboard.queue(party, channel, 'get').unget(session);
      break;
    case Type.TAKEN:
      switchboard.queue(party, channel, 'get').taken(session, readCount(frame));
      checkHeld(party, channel, switchboard);
      break;
    case Type.DONE: {
      const { tag, count } = readRange(frame);
      for (const { items } of switchboard.queue(party, channel, 'get').done(session, tag, count))
        if (items.count === 1 && !(items instanceof AsideItems)) buffers.recycle(items.bytes);
      checkHeld(party, channel, switchboard);
      break;
    }
    case Type.FINISH: {
      const { request, count } = readFinish(frame);
      switchboard.queue(party, channel, 'get').finishLeft(session, request, count);
      break;
    }
    case Type.GIVE_BACK: {
      const { tag, count } = readRange(frame);
      switchboard.queue(party, channel, 'get').giveBack(session, tag, count);
      break;
    }
    case Type.LANE_READY:
      expectEmpty(frame);
      switchboard.queue(party, channel, 'any').bypass?.ready(session, frame.flags !== Flag.NO_LANE);
      break;
    case Type.HAND_OVER: {
      const handed = { sent: (frame.flags & Flag.SENT) !== 0, taken: (frame.flags & Flag.TAKEN) !== 0 };
      const number = readLaneNumber(frame);
      const items = readItems(frame);
      switchboard.queue(party, channel, 'any').bypass?.handOver(session, number, items, handed);
      break;
    }
    case Type.LANE_CLOSED: {
      const closed = readJson(frame) as unknown as LaneClosed;
      switchboard.queue(party, channel, 'any').bypass?.close(session, closed);
      break;
    }
    case Type.LANE_LEFT: {
      const left = readJson(frame) as unknown as LaneLeft;
      switchboard.queue(party, channel, 'any').bypass?.told(session, left);
      break;
    }
    case Type.JOIN:
      switchboard.queue(party, channel, 'any').join(session, readRequest(frame));
      break;
    case Type.STAT:
      switchboard.queue(party, channel, 'any').stat(session, readRequest(frame));
      break;
    case Type.ACQUIRE:
      switchboard.lock(party, channel).acquire(session, readRequest(frame), {
        atOnce: (frame.flags & Flag.TRY) !== 0,
        shared: (frame.flags & Flag.READ) !== 0,
        borrows: (frame.flags & Flag.BORROW) !== 0,
      });
      break;
    case Type.RELEASE: {
      const { fence, request } = readRelease(frame);
      switchboard.lock(party, channel).release(session, fence, request, (frame.flags & Flag.QUIET) !== 0);
      break;
    }
    case Type.CANCEL:
      switchboard.lock(party, channel).cancel(session, readRequest(frame));
      break;
    default:
      throw unexpected(frame);
  }
}

function put(frame: Frame, party: Party, manner: Manner, { switchboard, memory }: Exchange): void {
  const { session } = party;
  if ((frame.flags & Flag.ASIDE) !== 0) return putAside(frame, party, manner, { switchboard, memory });
  const items = readItems(frame);
  switchboard.put(party, frame.channel, items, manner);
  if (items.count === 1 && items.size >= LEAST_ASIDE) memory.offer(session, frame.channel);
}

function putAside(
  frame: Frame,
  party: Party,
  manner: Manner,
  exchange: Pick<Exchange, 'switchboard' | 'memory'>,
): void {
  const item = exchange.memory.itemOf(party.session, frame);
  try {
    exchange.switchboard.put(party, frame.channel, item, manner);
  } catch (error) {
    // It may not put this, and is about to be cut off.
    item.over();
    throw error;
  }
}

export function unexpected(frame: Frame): ProtocolError {
  return new ProtocolError('protocol', `a frame of type ${frame.type} was not expected on channel ${frame.channel}`);
}

function checkHeld(party: Party, channel: number, switchboard: Switchboard): void {
  if (!switchboard.queue(party, channel, 'get').hoards(party.session)) return;
  const what = `\`${switchboard.nameFor(party, channel)}\``;
  const most = `${Most.HELD} items, or ${Most.HELD_BYTES / 2 ** 30} GiB of them`;
  const mend =
    'say of each that it is done (`taskDone`, in Python `task_done`), or give the queue `delivery: at-most-once`';
  throw new ProtocolError('limit', `it holds more of ${what} than it may (${most}): ${mend}`);
}

function isLeft({ flags }: Frame): boolean {
  return (flags & Flag.LEFT) !== 0;
}

const AT_LEFT: Manner = { left: true };
