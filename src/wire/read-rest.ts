// What has come on a socket by now, read without a turn of the loop: for one that is about to go.
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Hands all that has come to `read`. Gives whether the other end has closed it. */
export function readRest(socket: Socket, read: (chunk: Buffer) => void): boolean {
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd?: number } | null })._handle ?? {};
  if (fd === undefined || fd < 0) return true;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const length = readSome(fd, chunk);
    if (length === 'nothing now') return false;
    if (length === 0) return true;
    read(chunk.subarray(0, length));
  }
}

/** 0 at the end, and where the other end was reset. */
function readSome(fd: number, chunk: Buffer): number | 'nothing now' {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'nothing now' : 0;
  }
}

const CHUNK = 64 * 1024;
