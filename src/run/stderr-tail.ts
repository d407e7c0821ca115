// The end of what a process wrote to stderr, kept to be shown where it fails.

const keptBytes = 4096;
const keptLines = 12;

export class StderrTail {
  #bytes: Buffer = Buffer.alloc(0);

  add(bytes: Buffer): void {
    // A copy: what is kept must not keep the whole chunk alive.
    if (bytes.length >= keptBytes) this.#bytes = Buffer.from(bytes.subarray(-keptBytes));
    else this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-keptBytes);
  }

  /** Its last lines, at most twelve. */
  text(): string {
    const lines = this.#bytes.toString('utf8').trimEnd().split('\n');
    return lines.slice(-keptLines).join('\n');
  }
}
