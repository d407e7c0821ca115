// Listens on a Unix-domain socket that nobody but this user can open, and hands each connection over.
import { createServer, type Server, type Socket } from 'node:net';
import { read } from '../procfs.ts';

/** Resolves once it listens. Nothing is read from a connection before it is handed over. */
export function listen(path: string, connected: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, connected);
  const umask = process.umask(0o077);
  return new Promise((resolve, reject) => {
    // Once it listens, what goes wrong concerns the one who tries to connect, and is tried again by them.
    server.on('error', reject);
    server.listen({ path, backlog: BACKLOG }, () => {
      process.umask(umask);
      resolve(server);
    });
  });
}

/** Thousands may connect at once while one turn is taken. */
const BACKLOG = 4096;

/** How many connections there is room for, beside all else that this process has open. Only Linux tells how many files it may open. */
export function mostConnections(): number {
  const files = Number(/^Max open files +(\d+)/m.exec(read('/proc/self/limits'))?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.floor(files * FOR_CONNECTIONS);
}

/** The others are for streams, files and memory, and for connections that are being closed. */
const FOR_CONNECTIONS = 0.75;
