// How a process's three streams are laid before it starts: from and to files, queues (through a FIFO that the broker itself
// opens, so that the runner is not in the way), other processes, or into the log.
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import type { BrokerHost } from '../broker/host.ts';
import type { Output, ProcessNode, Stdin } from '../plan/plan.ts';
import type { ItemInput } from './item-input.ts';
import type { Fifos } from './kernel-pipe.ts';
import type { StdioSink, StdioSource } from './launcher.ts';
import type { ProcessPipes } from './process-pipe.ts';

export interface StdioContext {
  readonly fifos: Fifos;
  readonly pipes: ProcessPipes;
  /** Null where the plan has no channels. */
  readonly broker: BrokerHost | null;
  readonly item?: ItemInput;
}

export interface Stdio {
  readonly stdin: StdioSource;
  readonly stdout: StdioSink;
  readonly stderr: StdioSink;
}

export async function layStdio(node: ProcessNode, context: StdioContext): Promise<Stdio> {
  if (node.tty) return { stdin: TERMINAL, stdout: TERMINAL, stderr: TERMINAL };
  const opened: number[] = [];
  const open = (fd: number): { readonly type: 'fd'; readonly fd: number } => {
    opened.push(fd);
    return { type: 'fd', fd };
  };
  const lay = async (stream: 'stdout' | 'stderr', to: Output): Promise<StdioSink> => {
    if (to.type === 'queue') return open(await collect(node, stream, to, context));
    if (to.type === 'process') return open(await context.pipes.take(to.process, 'write'));
    return to;
  };
  try {
    const stdout = await lay('stdout', node.stdout);
    const stderr = await lay('stderr', node.stderr);
    const { stdin } = node;
    if (stdin.type === 'process') return { stdin: open(await context.pipes.take(node.id, 'read')), stdout, stderr };
    if (stdin.type === 'item') return { stdin: await itemOf(context).lay(context.fifos), stdout, stderr };
    return { stdin: stdin.type === 'queue' ? await feed(node, stdin, context) : stdin, stdout, stderr };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}

const TERMINAL = { type: 'terminal' } as const;

/** The broker writes items into a FIFO; the end to read from is the child's. */
async function feed(
  node: ProcessNode,
  stdin: Extract<Stdin, { type: 'queue' }>,
  { fifos, broker }: StdioContext,
): Promise<StdioSource> {
  const path = await fifos.path();
  // Opened for both ways first, so that neither of the other two opens has to wait for the other.
  const both = openSync(path, constants.O_RDWR);
  try {
    const read = openSync(path, constants.O_RDONLY);
    try {
      await present(broker).feed({ node: node.id, queue: stdin.queue, path, format: stdin.format, done: stdin.done });
      return { type: 'fd', fd: read };
    } catch (error) {
      closeSync(read);
      throw error;
    }
  } finally {
    closeSync(both);
    unlinkSync(path);
  }
}

/** The broker reads lines from a FIFO; the end to write to is the child's. */
async function collect(
  node: ProcessNode,
  stream: 'stdout' | 'stderr',
  to: Extract<Output, { type: 'queue' }>,
  { fifos, broker }: StdioContext,
): Promise<number> {
  const path = await fifos.path();
  // Opened for both ways first: the broker may be gone when it has answered, and this process must never wait for the other end.
  const both = openSync(path, constants.O_RDWR);
  try {
    await present(broker).collect({ node: node.id, stream, queue: to.queue, path, format: to.format });
    return openSync(path, constants.O_WRONLY);
  } finally {
    closeSync(both);
    unlinkSync(path);
  }
}

function itemOf({ item }: StdioContext): ItemInput {
  if (!item) throw new Error('Internal error: a process is to work on an item, and there is none');
  return item;
}

function present(broker: BrokerHost | null): BrokerHost {
  if (!broker) throw new Error('Internal error: a stream is wired to a queue, and there is no broker');
  return broker;
}
