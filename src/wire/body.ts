// Reads what a frame's body says. Each function knows one shape of body; a body of another length is a ProtocolError.
import { isUtf8 } from 'node:buffer';
import { type Frame, ITEMS_AT, ProtocolError } from './frame.ts';
import { type Items, parseItems } from './items.ts';
import { Type } from './message.ts';

/** `PUT`, `PUT_PRIORITY`, `OFFER`, `DELIVER`, `REDELIVER`, `HAND_OVER`. */
export function readItems(frame: Frame): Items {
  const at = frame.start + (ITEMS_AT[frame.type] ?? 0);
  if (at + 4 > frame.end) throw malformed();
  return parseItems(frame.buffer, at + 4, frame.end, frame.buffer.readUInt32BE(at));
}

/** `PUT_PRIORITY`: the lower, the sooner. */
export function readPriority(frame: Frame): number {
  return priorityAt(frame, frame.body);
}

/** `REDELIVER`: which delivery this is; 2 for the second. */
export function readAttempt(frame: Frame): number {
  if (frame.body + 4 > frame.end) throw malformed();
  return frame.buffer.readUInt32BE(frame.body);
}

/** `OFFER`, without its item. */
export function readOffer(frame: Frame): { request: number; priority: number } {
  const priority = priorityAt(frame, frame.body + 4);
  return { request: frame.buffer.readUInt32BE(frame.body), priority };
}

/** `HAND_OVER`: the number on the lane of its first item. */
export function readLaneNumber(frame: Frame): number {
  if (frame.body + 6 > frame.end) throw malformed();
  return frame.buffer.readUIntBE(frame.body, 6);
}

/** `GET`, `TAKEN`. */
export function readCount(frame: Frame): number {
  expect(frame, 4);
  return frame.buffer.readUInt32BE(frame.body);
}

/** `WANT`, `ROOM`, `GIVE_ROOM`; `FREED`: an area, and where in it. */
export function readRoom(frame: Frame): { count: number; bytes: number } {
  expect(frame, 8);
  return { count: frame.buffer.readUInt32BE(frame.body), bytes: frame.buffer.readUInt32BE(frame.body + 4) };
}

/** `DONE`, `GIVE_BACK`. */
export function readRange(frame: Frame): { tag: number; count: number } {
  expect(frame, 10);
  return { tag: frame.buffer.readUIntBE(frame.body, 6), count: frame.buffer.readUInt32BE(frame.body + 6) };
}

/** `JOIN`, `STAT`, `FLUSH`, `READY`, `ACQUIRE`, `CANCEL`, `ASK`, `STUCK`; `REFUSED` of a lock; the area of `AREA_READY`, `LEAVE_AREA`; the milliseconds of `PAUSED`. */
export function readRequest(frame: Frame): number {
  expect(frame, 4);
  return frame.buffer.readUInt32BE(frame.body);
}

/** `FINISH`; of count 0 all are meant. */
export function readFinish(frame: Frame): { request: number; count: number } {
  const { count: request, bytes: count } = readRoom(frame);
  return { request, count };
}

/** `RELEASE`. */
export function readRelease(frame: Frame): { fence: number; request: number } {
  expect(frame, 12);
  return { fence: fenceAt(frame, frame.body), request: frame.buffer.readUInt32BE(frame.body + 8) };
}

/** `GRANTED`. */
export function readGranted(frame: Frame): { request: number; fence: number } {
  expect(frame, 12);
  return { request: frame.buffer.readUInt32BE(frame.body), fence: fenceAt(frame, frame.body + 4) };
}

/** `REPLY`: the request it answers, and what came with it. */
export function readReply(frame: Frame): { request: number; value: unknown } {
  if (frame.body + 4 > frame.end) throw malformed();
  const value = frame.body + 4 === frame.end ? undefined : parse(frame, frame.body + 4);
  return { request: frame.buffer.readUInt32BE(frame.body), value };
}

/** `OUTPUT`, `WATCH`, `TERMINATE`: the request, and an object; what stands in it is for the caller to check. */
export function readAsked(frame: Frame): { request: number; body: Readonly<Record<string, unknown>> } {
  const { request, value } = readReply(frame);
  return { request, body: objectIn(value) };
}

/** `HELLO`, `WELCOME`, `ERROR`, `DEAD`, `LANE`, `LANE_CLOSED`, `LANE_LEFT`, `LANE_MAP`, `AREA`: an object; what stands in it is for the caller to check. */
export function readJson(frame: Frame): Readonly<Record<string, unknown>> {
  return objectIn(parse(frame, frame.body));
}

/** `GOODBYE`, `UNWANT`, `UNGET`, `CLOSE`, `SHUT`, `END`, `BROKEN`, `WITHDRAWN`, `RECALL`; `REFUSED` of a queue. */
export function expectEmpty(frame: Frame): void {
  expect(frame, 0);
}

/** Turns a `PUT` into a `DELIVER` of the same items where it lies, and gives all its bytes. */
export function asDeliver(frame: Frame): Buffer {
  frame.buffer[frame.start + 4] = Type.DELIVER;
  return frame.buffer.subarray(frame.start, frame.end);
}

function priorityAt(frame: Frame, at: number): number {
  if (at + 8 > frame.end) throw malformed();
  const priority = frame.buffer.readDoubleBE(at);
  if (Number.isNaN(priority)) throw new ProtocolError('protocol', 'a priority is a number, not NaN');
  return priority;
}

function fenceAt(frame: Frame, at: number): number {
  return frame.buffer.readUInt32BE(at) * 0x100000000 + frame.buffer.readUInt32BE(at + 4);
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Readonly<Record<string, unknown>>;
}

function parse(frame: Frame, from: number): unknown {
  // What is none would be read as something else.
  if (!isUtf8(frame.buffer.subarray(from, frame.end))) throw malformed();
  try {
    return JSON.parse(frame.buffer.toString('utf8', from, frame.end));
  } catch {
    throw malformed();
  }
}

function expect(frame: Frame, length: number): void {
  if (frame.end - frame.body !== length) throw malformed();
}

function malformed(): ProtocolError {
  return new ProtocolError('protocol', 'a frame has a body that does not belong to its type');
}
