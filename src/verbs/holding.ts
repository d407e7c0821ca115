// Runs a command while a lock is held. The command has the connection to the broker open as well: should this process be killed, the
// lock stays taken until the command has ended, for until then it could still write.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { discount } from '../sdk/stillness.ts';
import { EXIT, Outcome } from './call.ts';

/** Settles with the exit code of the command, as shells tell it. */
export async function runHolding(command: readonly string[], connection: number | null): Promise<number> {
  const [program = '', ...args] = command;
  // Signals go to the whole group, and so to the command itself: this waits for what it makes of them.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {});
  const stdio = ['inherit', 'inherit', 'inherit', ...(connection === null ? [] : [connection])] as const;
  const child = spawn(program, args, { stdio: [...stdio] });
  // Whether it may still end is seen by who looks at all processes of the instance.
  discount(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(
        new Outcome(missing ? 127 : 126, `lock: \`${program}\` could not be started: ${error.code ?? error.message}`),
      );
    });
    child.once('exit', (code, signal) =>
      resolve(signal === null ? (code ?? EXIT.FAILED) : 128 + constants.signals[signal]),
    );
  });
}
