// A real terminal with a shell in it, as a person sits at it: types, waits for what appears, and presses Ctrl-C and the like.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const key = { interrupt: '\u0003', suspend: '\u001a', stopOutput: '\u0013', startOutput: '\u0011' } as const;

export class Terminal {
  readonly #shell: ChildProcess;
  #shown = '';
  #from = 0;
  #changed: () => void = () => {};

  constructor(cwd: string) {
    this.#shell = spawn('python3', [join(import.meta.dirname, 'terminal.py')], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#shell.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#changed();
    });
    onTestFinished(() => void this.#shell.kill('SIGKILL'));
  }

  type(text: string): void {
    this.#shell.stdin?.write(text);
  }

  /** Waits until that has appeared after what was waited for last. */
  async shows(expected: string | RegExp): Promise<string> {
    const tooLate = AbortSignal.timeout(300_000);
    const changed = (): void => this.#changed();
    tooLate.addEventListener('abort', changed);
    while (!tooLate.aborted) {
      const rest = this.#shown.slice(this.#from);
      const found = typeof expected === 'string' ? rest.indexOf(expected) : rest.search(expected);
      if (found !== -1) {
        const text = typeof expected === 'string' ? expected : (expected.exec(rest)?.[0] ?? '');
        this.#from += found + text.length;
        return text;
      }
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    throw new Error(`\`${String(expected)}\` never appeared in:\n${this.#shown}`);
  }

  /** Everything that has appeared. */
  get shown(): string {
    return this.#shown;
  }

  /** Settles when the window is closed. */
  get closed(): Promise<unknown> {
    return new Promise((resolve) => {
      if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) resolve(null);
      else this.#shell.once('exit', resolve);
    });
  }

  /** Closes the window. */
  close(): void {
    this.#shell.kill('SIGKILL');
  }
}
