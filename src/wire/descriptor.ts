// The descriptor behind a socket of Node's, for what must happen at once and past the stream.
import type { Socket } from 'node:net';

/** What the system was asked to connect, or is connected; null where it was not asked yet, or no more. */
export function descriptorOf(socket: Socket | null): number | null {
  const holder = socket as unknown as { readonly _handle: { readonly fd?: number } | null } | null;
  const fd = holder?._handle?.fd ?? -1;
  return fd < 0 ? null : fd;
}
