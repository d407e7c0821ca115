// What examples.json says of a frame, and the way between that and bytes.
import {
  expectEmpty,
  readAsked,
  readAttempt,
  readCount,
  readFinish,
  readGranted,
  readItems,
  readJson,
  readLaneNumber,
  readOffer,
  readPriority,
  readRange,
  readRelease,
  readReply,
  readRequest,
  readRoom,
} from '../../src/wire/body.ts';
import { readPlace, standInFor } from '../../src/wire/aside.ts';
import type { Frame } from '../../src/wire/frame.ts';
import { eachItem, itemsOf } from '../../src/wire/items.ts';
import {
  type AreaBody,
  type Dead,
  type ErrorBody,
  Flag,
  type Hello,
  type LaneBody,
  type OutputBody,
  Type,
  type Welcome,
} from '../../src/wire/message.ts';
import { FrameWriter } from '../../src/wire/writer.ts';

export interface Meaning {
  readonly type: keyof typeof Type;
  readonly flags: number;
  readonly channel: number;
  readonly json?: unknown;
  readonly items?: readonly string[];
  readonly itemsHex?: readonly string[];
  /** Of an item that lies aside: its area, where in it, and its size. */
  readonly place?: readonly [number, number, number];
  readonly area?: number;
  readonly at?: number;
  readonly count?: number;
  readonly bytes?: number;
  readonly tag?: number;
  readonly request?: number;
  readonly fence?: number;
  readonly attempt?: number;
  /** On a lane. */
  readonly number?: number;
  readonly priority?: number;
}

export function meaningOf(frame: Frame, from: 'client' | 'broker'): Meaning {
  const name = Object.entries(Type).find(([, type]) => type === frame.type)?.[0] as keyof typeof Type;
  return { type: name, flags: frame.flags, channel: frame.channel, ...bodyOf(frame, name, from) };
}

function bodyOf(frame: Frame, name: keyof typeof Type, from: 'client' | 'broker'): Partial<Meaning> {
  switch (name) {
    case 'HELLO':
    case 'WELCOME':
    case 'ERROR':
    case 'DEAD':
      return { json: readJson(frame) };
    case 'PUT':
    case 'DELIVER':
      return itemsIn(frame);
    case 'PUT_PRIORITY':
      return { priority: readPriority(frame), ...itemsIn(frame) };
    case 'OFFER':
      return { ...readOffer(frame), ...itemsIn(frame) };
    case 'REDELIVER':
      return { attempt: readAttempt(frame), ...itemsIn(frame) };
    case 'WANT':
    case 'ROOM':
    case 'GIVE_ROOM':
      return readRoom(frame);
    case 'HAND_OVER':
      return { number: readLaneNumber(frame), ...itemsIn(frame) };
    case 'AREA':
    case 'LANE':
    case 'LANE_CLOSED':
    case 'LANE_LEFT':
    case 'LANE_MAP':
      return { json: readJson(frame) };
    case 'AREA_READY':
    case 'LEAVE_AREA':
      return { area: readRequest(frame) };
    case 'FREED': {
      const { count: area, bytes: at } = readRoom(frame);
      return { area, at };
    }
    case 'GET':
    case 'TAKEN':
      return { count: readCount(frame) };
    case 'DONE':
    case 'GIVE_BACK':
      return readRange(frame);
    case 'JOIN':
    case 'STAT':
    case 'FLUSH':
    case 'READY':
    case 'ACQUIRE':
    case 'CANCEL':
    case 'ASK':
    case 'PAUSED':
    case 'STUCK':
      return { request: readRequest(frame) };
    case 'OUTPUT':
    case 'WATCH':
    case 'TERMINATE': {
      const { request, body } = readAsked(frame);
      return { request, json: body };
    }
    case 'FINISH':
      return readFinish(frame);
    case 'RELEASE':
      return readRelease(frame);
    case 'GRANTED':
      return readGranted(frame);
    case 'REPLY': {
      const { request, value } = readReply(frame);
      return value === undefined ? { request } : { request, json: value };
    }
    case 'REFUSED':
      if (frame.end > frame.body && from === 'broker') return { request: readRequest(frame) };
      expectEmpty(frame);
      return {};
    default:
      expectEmpty(frame);
      return {};
  }
}

function itemsIn(frame: Frame): Partial<Meaning> {
  if (MAY_LIE_ASIDE.includes(frame.type) && (frame.flags & Flag.ASIDE) !== 0) {
    const { area, at, size } = readPlace(frame);
    return { place: [area, at, size] };
  }
  const items = [...eachItem(readItems(frame))];
  const text = items.every((item) => Buffer.from(item.toString('utf8')).equals(item));
  return text
    ? { items: items.map((item) => item.toString('utf8')) }
    : { itemsHex: items.map((item) => item.toString('hex')) };
}

const MAY_LIE_ASIDE: readonly number[] = [Type.PUT, Type.PUT_PRIORITY, Type.DELIVER, Type.REDELIVER];

export function written(meaning: Meaning): Buffer {
  const writer = new FrameWriter();
  write(writer, meaning);
  return Buffer.concat(writer.take());
}

function write(writer: FrameWriter, meaning: Meaning): void {
  const { type, flags, channel, json, count, bytes, request, fence, tag, attempt, priority } = meaning;
  const list = (meaning.items ?? [])
    .map((item) => Buffer.from(item))
    .concat((meaning.itemsHex ?? []).map((item) => Buffer.from(item, 'hex')));
  const [area, at, size] = meaning.place ?? [0, 0, 0];
  const items = meaning.place === undefined ? itemsOf(list) : standInFor({ area, at, size });
  if (type === 'HELLO') writer.hello(json as Hello);
  else if (type === 'WELCOME') writer.welcome(json as Welcome);
  else if (type === 'ERROR') writer.error(channel, json as ErrorBody);
  else if (type === 'DEAD') writer.dead(channel, json as Dead);
  else if (type === 'LANE' || type === 'LANE_CLOSED' || type === 'LANE_LEFT' || type === 'LANE_MAP')
    writer.json(Type[type], channel, json as LaneBody, flags);
  else if (type === 'AREA') writer.json(Type.AREA, channel, json as AreaBody, flags);
  else if (type === 'FREED') writer.room(Type.FREED, channel, meaning.area as number, meaning.at as number);
  else if (meaning.area !== undefined) writer.number(Type[type], channel, meaning.area);
  else if (type === 'HAND_OVER') writer.handOver(channel, meaning.number as number, items, flags);
  else if (type === 'PUT') writer.put(channel, items, flags);
  else if (type === 'OFFER') writer.offer(channel, request as number, priority as number, list[0] as Buffer, flags);
  else if (priority !== undefined) writer.putPriority(channel, priority, items, flags);
  else if (type === 'DELIVER') writer.deliver(channel, items, flags);
  else if (attempt !== undefined) writer.redeliver(channel, attempt, items, flags);
  else if (type === 'RELEASE') writer.release(channel, fence as number, request as number, flags);
  else if (type === 'GRANTED') writer.granted(channel, request as number, fence as number, flags);
  else if (type === 'OUTPUT' || type === 'WATCH' || type === 'TERMINATE')
    writer.ask(Type[type], request as number, json as OutputBody, flags);
  else if (type === 'REPLY') writer.reply(channel, request as number, json);
  else if (type === 'FINISH') writer.finish(channel, request as number, count as number);
  else if (tag !== undefined) writer.range(Type[type], channel, tag, count as number);
  else if (bytes !== undefined) writer.room(Type[type], channel, count as number, bytes, flags);
  else if (count !== undefined) writer.number(Type[type], channel, count, flags);
  else if (request !== undefined) writer.number(Type[type], channel, request, flags);
  else writer.bare(Type[type], channel, flags);
}
