// Whether what stdin still brings can only come from processes of the same instance, such as what stands before a `| forkline put q`:
// whoever looks at all of those then knows whether anything will come.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Only Linux tells; elsewhere the answer is no. */
export function isFedByItsOwn(): boolean {
  const input = linkOf('/proc/self/fd/0');
  const marks = ['FORKLINE_RUN_ID', 'FORKLINE_PROCESS'].map((name) => `${name}=${process.env[name]}`);
  return input.startsWith('pipe:') && namesIn('/proc').every((pid) => !hasOpen(pid, input) || isMarked(pid, marks));
}

function hasOpen(pid: string, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return /^\d+$/.test(pid) && namesIn(folder).some((descriptor) => linkOf(`${folder}/${descriptor}`) === file);
}

function isMarked(pid: string, marks: readonly string[]): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return marks.every((mark) => environment.includes(mark));
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
