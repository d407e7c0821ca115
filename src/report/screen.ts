// The one door to the screen. Writing never waits: what a slow reader has not taken is kept up to a bound, and past that
// lines are dropped from the view, with a note where they are missing. A reader that has gone is no error. Nothing but the
// view passes here; logs and events are written elsewhere.
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export interface ScreenOptions {
  /** How many bytes may wait for a slow reader. */
  readonly limit?: number;
  /** The line that stands where lines were dropped. */
  readonly note?: (lines: number) => string;
  /** Told once, where it cannot be written to for another reason than that nobody reads. */
  readonly onError?: (error: Error) => void;
  /** How long the end waits for a reader that takes nothing. */
  readonly patienceMs?: number;
}

export class Screen {
  readonly colour: boolean;
  readonly #stream: Writable;
  readonly #limit: number;
  readonly #note: (lines: number) => string;
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #patienceMs: number;
  #dropped = 0;
  #gone = false;
  #failed = false;
  /** What waits until the terminal is ours again; null: it is. */
  #held: string[] | null = null;
  #heldLength = 0;

  constructor(
    stream: Writable,
    { limit = 8 << 20, note = droppedLines, onError, patienceMs = 5_000 }: ScreenOptions = {},
  ) {
    this.#stream = stream;
    this.#limit = limit;
    this.#note = note;
    this.#onError = onError;
    this.#patienceMs = patienceMs;
    this.colour = hasColour(stream);
    unblock(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#gone && !isDeparture(error)) {
        this.#failed = true;
        onError?.(error);
      }
      this.#gone = true;
    });
  }

  /** It could not be written to for another reason than that nobody reads: something of the view is lost that was to be kept. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whole lines, each with its end. Words that matter have as much room again, so that a flood does not take them along. */
  write(text: string, matters = false): void {
    if (this.#gone || text === '') return;
    if (this.#held !== null) return this.#keep(this.#held, text, matters);
    const room = matters ? 2 * this.#limit : this.#dropped === 0 ? this.#limit : this.#limit / 2;
    if (this.#stream.writableLength >= room) {
      this.#dropped += countLines(text);
      return;
    }
    this.#noteDropped();
    this.#stream.write(text);
  }

  /** Another program has the terminal: nothing is written until `release`. Anything but a terminal is not held. */
  hold(): void {
    if ((this.#stream as { isTTY?: boolean }).isTTY) this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    const dropped = this.#dropped;
    this.#held = null;
    this.#heldLength = 0;
    if (held.length > 0) this.#dropped = 0;
    for (const text of held) this.write(text, true);
    if (held.length > 0) this.#dropped += dropped;
  }

  #keep(held: string[], text: string, matters: boolean): void {
    if (this.#heldLength >= (matters ? 2 : 1) * this.#limit) {
      this.#dropped += countLines(text);
      return;
    }
    held.push(text);
    this.#heldLength += text.length;
  }

  /** Settles when the reader has taken all, has gone, or takes nothing for long. */
  async end(): Promise<void> {
    this.release();
    if (!this.#gone) this.#noteDropped();
    let waiting = this.#waiting();
    for (let idleMs = 0; waiting > 0 && idleMs <= this.#patienceMs; ) {
      await this.#pause();
      const before = waiting;
      waiting = this.#waiting();
      idleMs = waiting === before ? idleMs + pauseMs : 0;
    }
    if (waiting === 0) return;
    this.#gone = true;
    this.#onError?.(new Error('nobody reads it, so its end is not shown'));
  }

  #noteDropped(): void {
    if (this.#dropped === 0) return;
    this.#stream.write(`${this.#note(this.#dropped)}\n`);
    this.#dropped = 0;
  }

  /** Bytes not yet taken; the stream itself counts a large write only when all of it is out. */
  #waiting(): number {
    if (this.#gone || this.#stream.writableLength === 0) return 0;
    return this.#stream.writableLength + (handleOf(this.#stream)?.writeQueueSize ?? 0);
  }

  /** Until what waits is out, or for a moment. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#stream.write('', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

const pauseMs = 100;

/** The reader has gone: a pipe that was closed, a terminal that was hung up. */
function isDeparture({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO' || code === 'ECONNRESET';
}

interface Handle {
  readonly writeQueueSize?: number;
  setBlocking?(blocking: boolean): void;
}

function handleOf(stream: Writable): Handle | undefined {
  return (stream as { _handle?: Handle })._handle;
}

/** As the stream and the environment (NO_COLOR, FORCE_COLOR, TERM) say. */
export function hasColour(stream: Writable): boolean {
  return styleText('red', 'x', { stream }) !== 'x';
}

/** Node writes to a terminal synchronously: one Ctrl-S would stop the whole run. */
function unblock(stream: Writable): void {
  if ((stream as { isTTY?: boolean }).isTTY) handleOf(stream)?.setBlocking?.(false);
}

export function droppedLines(lines: number): string {
  return `… ${lines} ${lines === 1 ? 'line' : 'lines'} not shown, because the reader was too slow; the logs have all`;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
