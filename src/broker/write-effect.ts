// What a machine has decided for a session, as the frame that says so.
import { AsideItems } from '../wire/aside.ts';
import { Flag, type LaneBody, Type } from '../wire/message.ts';
import type { FrameWriter } from '../wire/writer.ts';
import type { SessionEffect } from './effect.ts';
import type { SharedMemory } from './shared-memory.ts';

export interface Meeting {
  /** Where the two ends of a lane meet, and what they know each other by. */
  laneAt(channel: number, number: number): LaneBody;
  /** Where items lie that are not sent themselves. */
  readonly memory: Pick<SharedMemory, 'shownTo'>;
}

/** Gives how many bytes of items it wrote. */
export function writeEffect(writer: FrameWriter, channel: number, effect: SessionEffect, meeting: Meeting): number {
  switch (effect.type) {
    case 'deliver': {
      const { seen, charges, death } = effect.batch;
      let { items } = effect.batch;
      let flags: number = effect.right ? Flag.RIGHT : Flag.NONE;
      if (items instanceof AsideItems) {
        const shown = meeting.memory.shownTo(effect.session, items);
        items = shown.items;
        if (shown.aside) flags |= Flag.ASIDE;
      }
      if (death !== null) writer.dead(channel, death);
      if (seen) writer.redeliver(channel, charges + 1, items, flags);
      else writer.deliver(channel, items, flags);
      return items.bytes.length;
    }
    case 'room':
      writer.room(Type.ROOM, channel, effect.count, effect.bytes);
      break;
    case 'end':
      writer.bare(Type.END, channel, effect.aborted ? Flag.BROKE : Flag.NONE);
      break;
    case 'broken':
      writer.bare(Type.BROKEN, channel);
      break;
    case 'refused': {
      const flags = effect.never ? Flag.NEVER : Flag.NONE;
      if (effect.request === undefined) writer.bare(Type.REFUSED, channel, flags);
      else writer.number(Type.REFUSED, channel, effect.request, flags);
      break;
    }
    case 'withdrawn':
      writer.bare(Type.WITHDRAWN, channel, effect.puts ? Flag.PUTS : Flag.NONE);
      break;
    case 'recall':
      writer.bare(Type.RECALL, channel, effect.room ? Flag.ROOM : Flag.NONE);
      break;
    case 'reply':
      writer.reply(channel, effect.request, effect.stat);
      break;
    case 'finished':
      writer.reply(channel, effect.request, { count: effect.count });
      break;
    case 'state':
      writer.reply(channel, effect.request, effect.state);
      break;
    case 'granted':
      writer.granted(
        channel,
        effect.request,
        effect.fence,
        (effect.abandoned ? Flag.ABANDONED : Flag.NONE) | (effect.lent ? Flag.LENT : Flag.NONE),
      );
      break;
    case 'lane': {
      const { listen, number } = effect;
      const flags = listen ? Flag.LISTEN : Flag.NONE;
      writer.json(Type.LANE, channel, meeting.laneAt(channel, number), flags);
      break;
    }
    case 'lane-go':
      writer.bare(Type.LANE_GO, channel);
      break;
    case 'lane-stop':
      writer.bare(Type.LANE_STOP, channel, effect.orphaned ? Flag.LISTEN : Flag.NONE);
      break;
    case 'lane-map':
      writer.json(Type.LANE_MAP, channel, effect.map);
      break;
    case 'denied': {
      const { code, message, request, misfit } = effect;
      writer.error(channel, { code, message, request, ...misfit });
    }
  }
  return 0;
}
