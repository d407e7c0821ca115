// Where a command's own words go, and the wait until they are out: process.exit() would cut what a pipe has not taken. (A
// run's view goes through a Screen, which waits for itself.)

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
