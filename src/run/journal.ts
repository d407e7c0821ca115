// The files of one run: plan.json, events.ndjson, logs/ and summary.json. Written at once and synchronously: what is not yet written when
// the runner is killed would be lost. A full disk stops nothing, but it fails the run: room that was kept for it lets the events and the
// summary be whole, and of each log it is told how much is missing.
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeId, Plan } from '../plan/plan.ts';
import type { Event } from './event.ts';
import { GrowingFile } from './growing-file.ts';
import { Reserve } from './reserve.ts';
import type { Summary } from './summary.ts';

/** What is missing, and of which node's log. */
export type OnLost = (message: string, node?: NodeId) => void;

export class Journal {
  readonly folder: string;
  readonly #events: GrowingFile;
  readonly #logs = new Map<NodeId, GrowingFile>();
  readonly #reserve: Reserve;
  readonly #onLost: OnLost;
  #told = false;
  #lost = false;

  /** Makes the folder; throws where it cannot be made. */
  constructor(folder: string, plan: Plan, onLost: OnLost) {
    this.folder = folder;
    this.#onLost = onLost;
    makeFolder(join(folder, 'logs'));
    writeFileSync(join(folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    this.#events = new GrowingFile(join(folder, 'events.ndjson'));
    this.#reserve = new Reserve(folder, bytesToEnd(plan));
  }

  /** Whether something could not be written, or the end of the run will not be: what comes last is to say so. */
  get lost(): boolean {
    return this.#lost || !this.#reserve.renew(0);
  }

  event(event: Event): void {
    if (event.type === 'node.output') return this.#log(event.node, event.bytes);
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    this.#keep(() => this.#events.addWhole(line));
    if (event.type === 'node.started' && event.pid !== null) this.#logOf(event.node).open();
    if (event.type === 'node.ended') this.#close(event.node);
    if (event.type === 'item.ended') this.#close(event.worker);
  }

  /** False where something is missing. */
  end(summary: Summary): boolean {
    for (const log of this.#logs.values()) log.close();
    const path = join(this.folder, 'summary.json');
    const partial = `${path}.partial`;
    this.#keep(() => {
      try {
        writeFileSync(partial, `${JSON.stringify(summary, null, 2)}\n`);
        renameSync(partial, path);
        return null;
      } catch (error) {
        rmSync(partial, { force: true });
        return error as Error;
      }
    });
    this.#reserve.release();
    const failure = this.#events.close();
    if (failure) this.#lose(failure);
    return !this.#lost;
  }

  #log(node: NodeId, bytes: Uint8Array): void {
    const log = this.#logOf(node);
    // Where the disk is full, what room is left is for the events.
    const failure = this.#reserve.whole ? log.add(bytes) : log.miss(bytes.length);
    if (failure) this.#lose(failure);
  }

  #logOf(node: NodeId): GrowingFile {
    const known = this.#logs.get(node);
    if (known !== undefined) return known;
    const path = join(this.folder, 'logs', `${node}.log`);
    if (node.includes('/')) makeFolderIfPossible(dirname(path));
    const log = new GrowingFile(path);
    this.#logs.set(node, log);
    return log;
  }

  #close(node: NodeId): void {
    const log = this.#logs.get(node);
    if (log === undefined) return;
    this.#logs.delete(node);
    const failure = log.close();
    if (failure) this.#lose(failure);
    if (log.missing > 0)
      this.#onLost(`${log.missing} bytes of what it printed are missing from its log: ${log.reason}`, node);
  }

  /** What the run cannot do without: where there is no room, that which was kept is given up for it. */
  #keep(write: () => Error | null): void {
    const failure = write();
    if (failure === null) return;
    this.#reserve.release();
    const again = write();
    if (again) this.#lose(again);
    else this.#tell(failure);
  }

  #lose(failure: Error): void {
    this.#lost = true;
    this.#tell(failure);
  }

  #tell({ message }: Error): void {
    if (this.#told) return;
    this.#told = true;
    this.#onLost(`the run's files in ${this.folder} cannot all be written: ${message}`);
  }
}

/** What the events of the end and the summary take, by and large. */
function bytesToEnd({ nodes, channels }: Plan): number {
  return Math.min(LEAST + nodes.length * EACH + channels.length * EACH, MOST);
}

const LEAST = 16 << 10;
const EACH = 1 << 10;
const MOST = 4 << 20;

/** What is in a sub-pipeline has its log in a folder of that one's name; where there can be none, the log tells. */
function makeFolderIfPossible(path: string): void {
  try {
    makeFolder(path);
  } catch {
    // It is told when something is to be written.
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
