// `import { queue, lock, pipe, output, processOf, current } from 'forkline'`: what a process of a run uses. Nothing is connected before the first channel
// is named.
import { Lock } from './lock.ts';
import { setOutput } from './output.ts';
import { current } from './identity.ts';
import { Pipe } from './pipe.ts';
import { ProcessHandle } from './process.ts';
import { Queue } from './queue.ts';
import { sayReady } from './ready.ts';
import { Session } from './session.ts';

export {
  BrokenPipe,
  BrokenQueue,
  BrokerLost,
  Empty,
  EndOfFile,
  Full,
  ItemRefused,
  LockError,
  LockTimeout,
  NotGranted,
  OutputTooLarge,
  PipeClosed,
  QueueAborted,
  QueueClosed,
} from './errors.ts';
export { type Current, current } from './identity.ts';
export type { AcquireOptions, Guard, Lock } from './lock.ts';
export type { Pipe, PipeOptions } from './pipe.ts';
export type { Placing, Side } from './manner.ts';
export type { ProcessHandle } from './process.ts';
export type { PutOptions } from './producer.ts';
export type { GetOptions, Queue, Taken } from './queue.ts';

/**
 * The queue of that name, which the pipeline lets this process put to or get from; where it does not, each call rejects with
 * `NotGranted`. Throws where there is no run, and `NotGranted` where the pipeline gives this process nothing to use at all.
 */
export function queue<T = unknown>(name: string): Queue<T> {
  const here = session();
  return here.channel('queue', name, () => new Queue<T>(here, name));
}

/** The lock of that name, which the pipeline lets this process take. Rejects and throws as `queue` does. */
export function lock(name: string): Lock {
  const here = session();
  return here.channel('lock', name, () => new Lock(here, name));
}

/** This process's end of the pipe of that name. Rejects and throws as `queue` does. */
export function pipe<In = unknown, Out = In>(name: string): Pipe<In, Out> {
  const here = session();
  return here.channel('pipe', name, () => new Pipe<In, Out>(here, name));
}

/**
 * Sets one of the `outputs` of this process: any JSON value. Fulfilled once the run has it; those who need this process read it
 * as `${{ processes.NAME.outputs.KEY }}`. Rejects with `NotGranted` where the pipeline does not declare it, with `OutputTooLarge`
 * beyond 1 MiB of JSON, and with a `TypeError` what is not JSON.
 */
export async function output(name: string, value: unknown): Promise<void> {
  await setOutput(session(), name, value);
}

/**
 * Says that this process is ready, for `ready: { sdk: true }`. Resolves once the run has heard it; where nobody waits for that it
 * changes nothing.
 */
export async function ready(): Promise<void> {
  // Throws outside of a run.
  current();
  // Without a socket nobody listens: the pipeline does not ask this process whether it is ready, nor anything else.
  if (process.env['FORKLINE_SOCKET']) await sayReady(session());
}

/**
 * Another process of the run, or one instance of it (`chef.2`), which the pipeline lets this process control; where it does not, each
 * call rejects with `NotGranted`, and with a `RangeError` where several instances could be meant. Throws as `queue` does.
 */
export function processOf(name: string): ProcessHandle {
  return new ProcessHandle(session(), name);
}

let opened: Session | null = null;

function session(): Session {
  opened ??= new Session(process.env);
  return opened;
}
