// Before all tests: takes away what a machine may have put around the start of an interpreter. Tests start thousands of them, none is
// about this, and it can cost more than all that the programs do.
import { execFileSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

export default function setup(): void {
  // Certificates that each Node reads when it starts, and nobody here speaks TLS.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  passShims();
}

/** Where `python3` is a version manager's script that looks for the interpreter, the interpreter itself comes first in the PATH. */
function passShims(): void {
  const [found, interpreter] = [
    said('sh', '-c', 'command -v python3'),
    said('python3', '-c', 'import sys; print(sys.executable)'),
  ];
  if (interpreter === '' || dirname(found) === dirname(interpreter)) return;
  process.env['PATH'] = `${dirname(interpreter)}${delimiter}${process.env['PATH']}`;
}

/** Empty where there is no such program, which fails the tests that need it and no others. */
function said(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
