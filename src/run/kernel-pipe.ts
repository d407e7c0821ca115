// Real pipes of the kernel's for what children write. What Node calls a pipe is a socket, and `echo x >/dev/stderr` fails on a
// socket; so a FIFO is made, opened at both ends and unlinked before anybody else can see it.
import { execFile } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KernelPipe {
  /** What is written to it; ours. */
  readonly output: Socket;
  /** The other end, for a child; who takes it closes it. */
  takeWriteEnd(): number;
}

/** Makes FIFOs many at a time, because each call of `mkfifo` is a process. */
export class Fifos {
  readonly #folder = mkdtempSync(join(tmpdir(), 'forkline-'));
  readonly #ready: string[] = [];
  #made = 0;
  #making: Promise<void> | null = null;
  #wanted = 0;

  /** Announces how many will be taken soon, so that they are made together. */
  expect(count: number): void {
    this.#wanted += count;
  }

  /** The path of a fresh FIFO; who takes it unlinks it once both ends are open. */
  async path(): Promise<string> {
    for (;;) {
      const path = this.#ready.pop();
      if (path !== undefined) return path;
      this.#making ??= this.#make().finally(() => {
        this.#making = null;
      });
      await this.#making;
    }
  }

  async pipe(): Promise<KernelPipe> {
    const path = await this.path();
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const write = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    const output = new Socket({ fd: read, readable: true, writable: false });
    let taken = false;
    output.once('close', () => {
      if (!taken) closeSync(write);
    });
    return {
      output,
      takeWriteEnd: () => {
        taken = true;
        return write;
      },
    };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #make(): Promise<void> {
    const count = Math.min(Math.max(this.#wanted, 4), 512);
    this.#wanted = Math.max(0, this.#wanted - count);
    const paths = Array.from({ length: count }, () => join(this.#folder, `${this.#made++}`));
    await run('mkfifo', ['-m', '600', ...paths]);
    this.#ready.push(...paths);
  }
}
