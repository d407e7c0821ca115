// Writing a command's answer to stdout, and waiting until it is out: process.exit() would cut what a pipe has not taken.

/** Settles when all that was written is taken, or nobody reads. */
export async function flushed(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(drained));
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.once('error', () => resolve()).write('', () => resolve());
  });
}

export function writeLine(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}
