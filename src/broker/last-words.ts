// A client's last words: what it wrote before it closed its end. The first write to a closed end fails, and Node then destroys
// the socket with whatever it had not read yet, a goodbye or items among it. So before that happens, the rest is read.
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Hands what is left to be read to `read` before an error destroys the socket. */
export function hearLastWords(socket: Socket, read: (chunk: Buffer) => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error): Socket => {
    if (error) readRest(socket, read);
    return destroy(error);
  };
}

function readRest(socket: Socket, read: (chunk: Buffer) => void): void {
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd?: number } | null })._handle ?? {};
  if (fd === undefined || fd < 0) return;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const length = readSome(fd, chunk);
    if (length === 0) return;
    read(chunk.subarray(0, length));
  }
}

/** 0 at the end, where nothing is left now, and where the other end was reset. */
function readSome(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk);
  } catch {
    return 0;
  }
}

const CHUNK = 64 * 1024;
