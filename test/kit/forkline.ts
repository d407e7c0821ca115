// The real binary, as a user would call it, in a folder of its own that holds the files a test names.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'run.js');

/** A folder with these files in it, gone when the test has finished. */
export function workspace(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface Call extends Promise<Answer> {
  readonly stdout: Readable;
  kill(signal: NodeJS.Signals): void;
}

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
}

/** Never rejects: what came of it is in the answer. */
export function forkline(
  cwd: string,
  args: readonly string[],
  input: string | Uint8Array | Readable = '',
  env: Readonly<Record<string, string>> = {},
): Call {
  const options = { reject: false, stripFinalNewline: false, cwd, input, env } as const;
  const child = execa(process.execPath, [binary, ...args], options);
  const answer = child.then(({ stdout, stderr, exitCode }) => ({ stdout, stderr, exitCode }));
  return Object.assign(answer, {
    stdout: child.stdout,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
  });
}

/** Its stdout is a pipe that nobody ever reads. Settles with its exit code. */
export function forklineUnread(cwd: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [binary, ...args], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    child.once('exit', (exitCode) => {
      child.stdout.destroy();
      resolve(exitCode);
    });
  });
}
