// Before all tests: takes away what a machine may have put around the start of an interpreter. Tests start thousands of them, none is
// about this, and it can cost more than all that the programs do.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export default function setup(): () => void {
  // Certificates that each Node reads when it starts, and nobody here speaks TLS.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  const folder = mkdtempSync(join(tmpdir(), 'forkline-python-'));
  useBarePython(folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** `python3` is then the interpreter itself, no version manager's script that looks for it, and starts without what is installed in it. */
function useBarePython(folder: string): void {
  try {
    execFileSync('python3', ['-m', 'venv', '--without-pip', folder], { stdio: 'ignore' });
  } catch {
    // The tests that need a Python fail where there is none; where it cannot do this alone, it is used as it is.
    return;
  }
  process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`;
}
