// A client's last words: what it wrote before it closed its end. The first write to a closed end fails, and Node then destroys
// the socket with whatever it had not read yet, a goodbye or items among it. So before that happens, the rest is read.
import type { Socket } from 'node:net';
import { readRest } from '../wire/read-rest.ts';

/** Hands what is left to be read to `read` before an error destroys the socket. */
export function hearLastWords(socket: Socket, read: (chunk: Buffer) => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error): Socket => {
    if (error) readRest(socket, read);
    return destroy(error);
  };
}
