// Who this process is in its run, by what the runner put into its environment.
import { NotGranted } from './errors.ts';

export interface Identity {
  readonly socket: string;
  readonly token: string;
  readonly instance: string;
}

/** What a connection needs; throws where there is no run, or nothing in it for this process, with what to do about it. */
export function identify(environment: NodeJS.ProcessEnv): Identity {
  const { FORKLINE_SOCKET: socket, FORKLINE_TOKEN: token } = environment;
  const instance = instanceOf(environment);
  if (socket && token) return { socket, token, instance };
  throw new NotGranted(
    `the pipeline lets \`${instance}\` use no queue, pipe or lock, set no output and control no other process`,
  );
}

/** The process as its run knows it. */
export function current(environment: NodeJS.ProcessEnv = process.env): Current {
  const name = instanceOf(environment);
  const replica = /\.(\d+)$/.exec(name)?.[1];
  return {
    name,
    pid: process.pid,
    replica: Number(replica ?? 1),
    runId: environment['FORKLINE_RUN_ID'] ?? '',
  };
}

export interface Current {
  /** Its instance, such as `chef.1`. */
  readonly name: string;
  readonly pid: number;
  /** Which of the instances of its process it is, from 1. */
  readonly replica: number;
  readonly runId: string;
}

function instanceOf(environment: NodeJS.ProcessEnv): string {
  const name = environment['FORKLINE_PROCESS'];
  if (name) return name;
  throw new Error(
    'this program is not inside a run: declare it as a process in a pipeline, and start that with `forkline run pipeline.yaml`',
  );
}
