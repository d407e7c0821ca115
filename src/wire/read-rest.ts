// What has come on a socket by now, read without a turn of the loop: for one that is about to go.
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { descriptorOf } from './descriptor.ts';

/** Hands all that has come to `read`. Gives whether the other end has closed it. */
export function readRest(socket: Socket, read: (chunk: Buffer) => void): boolean {
  let chunk: Buffer;
  const space = () => {
    chunk = Buffer.allocUnsafe(CHUNK);
    return chunk;
  };
  return readRestInto(socket, space, (length) => read(chunk.subarray(0, length)));
}

/** The same, where `space` gives what is read into and `came` hears how much that was. */
export function readRestInto(socket: Socket, space: () => Buffer, came: (length: number) => void): boolean {
  const descriptor = descriptorOf(socket);
  if (descriptor === null) return true;
  for (;;) {
    const length = readSome(descriptor, space());
    if (length === 'nothing now') return false;
    if (length === 0) return true;
    came(length);
  }
}

/** 0 at the end, and where the other end was reset. */
function readSome(descriptor: number, chunk: Buffer): number | 'nothing now' {
  try {
    return readSync(descriptor, chunk);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'nothing now' : 0;
  }
}

const CHUNK = 64 * 1024;
