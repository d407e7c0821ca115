// Whether what stdin still brings can only come from processes of the same instance, such as what stands before a `| forkline put q`:
// whoever looks at all of those then knows whether anything will come.
import { hasOpen, hasVariables, linkOf, pids } from '../procfs.ts';

/** Only Linux tells; elsewhere the answer is no. */
export function isFedByItsOwn(): boolean {
  const input = linkOf('/proc/self/fd/0');
  const marks = ['FORKLINE_RUN_ID', 'FORKLINE_PROCESS'].map((name) => `${name}=${process.env[name]}`);
  return input.startsWith('pipe:') && pids().every((pid) => !hasOpen(pid, input) || hasVariables(pid, marks));
}
