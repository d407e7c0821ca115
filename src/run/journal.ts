// The files of one run: plan.json, events.ndjson, logs/ and summary.json. Written at once and synchronously: what is not yet written when
// the runner is killed would be lost. A full disk is told once and fails the run, but stops nothing.
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeId, Plan } from '../plan/plan.ts';
import type { Event } from './event.ts';
import type { Summary } from './summary.ts';

export class Journal {
  readonly folder: string;
  readonly #events: number;
  readonly #logs = new Map<NodeId, number>();
  readonly #onLost: (reason: string) => void;
  /** Something could not be written. */
  lost = false;

  /** Makes the folder; throws where it cannot be made. */
  constructor(folder: string, plan: Plan, onLost: (reason: string) => void) {
    this.folder = folder;
    this.#onLost = onLost;
    makeFolder(join(folder, 'logs'));
    writeFileSync(join(folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    this.#events = openSync(join(folder, 'events.ndjson'), 'a');
  }

  event(event: Event): void {
    if (event.type === 'node.output') return this.#log(event.node, event.bytes);
    this.#guard(() => writeAll(this.#events, Buffer.from(`${JSON.stringify(event)}\n`)));
    if (event.type === 'node.started' && event.pid !== null) this.#open(event.node);
    if (event.type === 'node.ended') this.#close(event.node);
    if (event.type === 'item.ended') this.#close(event.worker);
  }

  end(summary: Summary): void {
    this.#guard(() => writeFileSync(join(this.folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`));
    for (const node of [...this.#logs.keys()]) this.#close(node);
    closeSync(this.#events);
  }

  #log(node: NodeId, bytes: Uint8Array): void {
    this.#guard(() => writeAll(this.#open(node), bytes));
  }

  #open(node: NodeId): number {
    const open = this.#logs.get(node) ?? openSync(join(this.folder, 'logs', `${node}.log`), 'a');
    this.#logs.set(node, open);
    return open;
  }

  #close(node: NodeId): void {
    const open = this.#logs.get(node);
    if (open === undefined) return;
    this.#logs.delete(node);
    closeSync(open);
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (this.lost) return;
      this.lost = true;
      this.#onLost(`the run's files in ${this.folder} could not be written: ${(error as Error).message}`);
    }
  }
}

/** As a recursive mkdir, which never comes back where a file system (/proc) answers that the folder it is to be made in is not there. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another run may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** `.forkline/` keeps itself out of version control. */
export function ignoreItself(folder: string): void {
  makeFolder(folder);
  const file = join(folder, '.gitignore');
  if (!existsSync(file)) appendFileSync(file, '*\n');
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
