// Finds the Python that runs targets: the first `python3` or `python` on PATH that is new enough.
import { execa } from 'execa';

const oldest = [3, 9] as const;

export async function findPython(): Promise<{ readonly program: string } | { readonly refused: string }> {
  const seen: string[] = [];
  for (const program of ['python3', 'python']) {
    const { stdout, failed, timedOut } = await execa(
      program,
      ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'],
      {
        reject: false,
        timeout: PATIENCE_MS,
        stdin: 'ignore',
      },
    );
    if (timedOut) seen.push(`\`${program}\` has not said its version within ${PATIENCE_MS / 1000} s`);
    if (failed) continue;
    const [major = 0, minor = 0] = String(stdout).trim().split('.').map(Number);
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return { program };
    seen.push(`\`${program}\` is ${stdout}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : 'there is none on PATH';
  return { refused: `a Python target needs Python ${oldest.join('.')} or newer: ${found}` };
}

/** On a machine that is busy enough, it takes long to say so little. */
const PATIENCE_MS = 60_000;
