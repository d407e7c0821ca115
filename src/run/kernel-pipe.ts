// Real pipes of the kernel's between children, and between them and the broker. What Node calls a pipe is a socket, and
// `echo x >/dev/stderr` fails on a socket; so a FIFO is made, opened at both ends and unlinked before anybody else can see it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/** Makes FIFOs many at a time, because each call may be a process. */
export class Fifos {
  readonly #folder: string;
  readonly #makeAll: (paths: readonly string[]) => Promise<void>;
  readonly #ready: string[] = [];
  #made = 0;
  #making: Promise<void> | null = null;
  #wanted = 0;

  /** In a folder of the run's own, which others take away. */
  constructor(folder: string, makeAll: (paths: readonly string[]) => Promise<void>) {
    this.#folder = folder;
    this.#makeAll = makeAll;
  }

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

  /**
   * Both ends, for two children. Not of a FIFO, where it can be helped: who opens one by name (`/dev/stdin`, `/dev/stdout`) waits until
   * somebody is at the other end, and so for ever where that has ended already.
   */
  async ends(): Promise<PipeEnds> {
    return (await namelessPipe()) ?? this.#fifoEnds();
  }

  async #fifoEnds(): Promise<PipeEnds> {
    const path = await this.path();
    try {
      // Opened for both ways first, so that neither of the other two opens has to wait for the other.
      return bothEnds(path, openSync(path, constants.O_RDWR));
    } finally {
      unlinkSync(path);
    }
  }

  async #make(): Promise<void> {
    const count = Math.min(Math.max(this.#wanted, 4), 512);
    this.#wanted = Math.max(0, this.#wanted - count);
    const paths = Array.from({ length: count }, () => join(this.#folder, `f${this.#made++}`));
    await this.#makeAll(paths);
    this.#ready.push(...paths);
  }
}

/**
 * Node has no call for a pipe without a name, and a shell has: one is taken from what the shell made, through /proc, and the shell
 * is gone before anybody uses it. Null where that cannot be done.
 */
async function namelessPipe(): Promise<PipeEnds | null> {
  if (process.platform !== 'linux') return null;
  try {
    const shell = spawn('sh', ['-c', 'exec 3<&0; : | exec sh -c "exec 4<&0; echo \\$\\$; read -r end <&3"'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const gone = once(shell, 'exit').catch(() => []);
    shell.stdin.on('error', () => {});
    try {
      const [pid] = (await Promise.race([once(shell.stdout, 'data'), gone])) as [unknown?];
      const link = `/proc/${String(pid).trim()}/fd/4`;
      return readlinkSync(link).startsWith('pipe:') ? bothEnds(link) : null;
    } finally {
      shell.stdin.end();
      await gone;
    }
  } catch {
    return null;
  }
}

/** Opens a pipe at both ends. `held`, which keeps it open meanwhile, is closed in any case. */
function bothEnds(path: string, held?: number): PipeEnds {
  const opened = held === undefined ? [] : [held];
  try {
    const read = openSync(path, constants.O_RDONLY);
    opened.push(read);
    const write = openSync(path, constants.O_WRONLY);
    opened.pop();
    return { read, write };
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
