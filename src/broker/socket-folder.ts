// The folder of the broker's socket: one that only this user can enter, where the socket's path is short enough for the system.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Limit } from '../wire/message.ts';

/** The socket's name in its folder. */
export const SOCKET = 's';

/** Nothing of the run was started. Its message says all. */
export class BrokerNotStarted extends Error {
  override readonly name = 'BrokerNotStarted';
  /** Of the system's error, where it refused a process. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** In `wished`, or else where this user's sockets belong. */
export function makeSocketFolder(wished: string | undefined): string {
  const places = wished === undefined ? [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'] : [wished];
  for (const place of places) {
    if (place === undefined || place === '') continue;
    try {
      // Made with mode 0700.
      const folder = mkdtempSync(join(place, 'forkline-'));
      if (Buffer.byteLength(join(folder, SOCKET)) <= Limit.SOCKET_PATH) return folder;
      rmSync(folder, { recursive: true });
    } catch {
      // Not there, or not for us to write to: the next one.
    }
  }
  throw new BrokerNotStarted(`no folder for the broker’s socket could be made in ${places.filter(Boolean).join(', ')}`);
}
