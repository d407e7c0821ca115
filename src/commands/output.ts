// Where a command's own words go, and the wait until they are out: process.exit() would cut what a pipe has not taken. (A
// run's view goes through a Screen, which waits for itself.)
import { closeSync, fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

const pending = new Set<Promise<void>>();

export function writeLine(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  const written = new Promise<void>((resolve) => {
    // Also called where nobody reads any more.
    stream.write(text.endsWith('\n') ? text : `${text}\n`, () => resolve());
  });
  pending.add(written);
}

/** Settles when all of it is taken, or nobody reads. */
export async function flushed(): Promise<void> {
  await Promise.all(pending);
}

/** As it ends, Node sets the modes of its terminal back, and aborts where that was closed meanwhile: it must not find it. */
export function leaveClosedTerminals(): void {
  for (const fd of [0, 1, 2]) {
    try {
      if (fstatSync(fd).isCharacterDevice() && !isatty(fd)) closeSync(fd);
    } catch {
      // It is closed.
    }
  }
}
