// Pipes of the kernel's from the stdout of one process to the stdin of another. Each is open at both ends before either starts; an
// end is given to its process and closed here at once, so that nobody else holds it: the reader sees the end when the writer has
// ended, and the writer gets SIGPIPE when the reader has.
import { closeSync, readlinkSync } from 'node:fs';
import type { NodeId, ProcessNode } from '../plan/plan.ts';
import type { Fifos } from './kernel-pipe.ts';
import { groupHolds, groupLives } from './reaper.ts';

type End = 'read' | 'write';

interface Pipe {
  /** Ends that are here: null once given away, or closed. */
  readonly here: Record<End, number | null>;
  readonly name: string;
}

interface Laid {
  readonly made: Promise<Pipe>;
  pipe: Pipe | null;
  /** Ends that nobody will come for. */
  readonly unwanted: Set<End>;
  /** The processes that have them. */
  readonly given: Map<End, number>;
}

export class ProcessPipes {
  readonly #fifos: Fifos;
  /** By the reader. */
  readonly #pipes = new Map<NodeId, Laid>();

  constructor(fifos: Fifos) {
    this.#fifos = fifos;
  }

  /** Which of a node's streams come from or go to another process. */
  static endsOf({ id, stdin, stdout }: ProcessNode): readonly { readonly reader: NodeId; readonly end: End }[] {
    return [
      ...(stdin.type === 'process' ? [{ reader: id, end: 'read' as const }] : []),
      ...(stdout.type === 'process' ? [{ reader: stdout.process, end: 'write' as const }] : []),
    ];
  }

  /** An end for the process that it is for; who takes it closes it. */
  async take(reader: NodeId, end: End): Promise<number> {
    const { here } = await this.#laid(reader).made;
    const fd = here[end];
    if (fd === null) throw new Error('Internal error: an end of a pipe was taken twice');
    here[end] = null;
    return fd;
  }

  /** A node's process runs and has its ends. */
  given(node: ProcessNode, pid: number): void {
    for (const { reader, end } of ProcessPipes.endsOf(node)) this.#laid(reader).given.set(end, pid);
  }

  /** A node's process will never run: those at the other ends find them closed. */
  giveUp(node: ProcessNode): void {
    for (const { reader, end } of ProcessPipes.endsOf(node)) {
      const laid = this.#laid(reader);
      laid.unwanted.add(end);
      if (laid.pipe) close(laid.pipe, end);
    }
  }

  /** Whether the process at an end still holds it, or has yet to be given it. */
  isHeld(reader: NodeId, end: End): boolean {
    const laid = this.#pipes.get(reader);
    if (!laid?.pipe) return false;
    const pid = laid.given.get(end);
    return pid === undefined ? !laid.unwanted.has(end) : groupHolds(pid, laid.pipe.name);
  }

  /** Whether the process at an end runs, or has yet to be started. */
  lives(reader: NodeId, end: End): boolean {
    const laid = this.#pipes.get(reader);
    const pid = laid?.given.get(end);
    return pid === undefined ? laid?.unwanted.has(end) === false : groupLives(pid);
  }

  /** At the end of the run. */
  close(): void {
    for (const { pipe } of this.#pipes.values())
      if (pipe) for (const end of ['read', 'write'] as const) close(pipe, end);
  }

  #laid(reader: NodeId): Laid {
    const known = this.#pipes.get(reader);
    if (known !== undefined) return known;
    const laid: Laid = { made: this.#make(), pipe: null, unwanted: new Set(), given: new Map() };
    this.#pipes.set(reader, laid);
    const keep = (pipe: Pipe): void => {
      laid.pipe = pipe;
      for (const end of laid.unwanted) close(pipe, end);
    };
    // Whoever takes an end is told what went wrong.
    laid.made.then(keep).catch(() => {});
    return laid;
  }

  async #make(): Promise<Pipe> {
    const { read, write } = await this.#fifos.ends();
    return { here: { read, write }, name: nameOf(read) };
  }
}

/** By which /proc shows it among the files of a process, at either end; elsewhere nothing is shown. */
function nameOf(fd: number): string {
  return process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${fd}`) : '';
}

function close({ here }: Pipe, end: End): void {
  const fd = here[end];
  here[end] = null;
  if (fd !== null) closeSync(fd);
}
