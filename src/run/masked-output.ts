// What one process prints, on its way to everything that shows or stores it: the secrets are taken out. Holds the clock for what is held
// back, so that a prompt that ends with the first letter of a secret is seen.
import type { MaskedStream, Masker } from './masker.ts';

type Stream = 'stdout' | 'stderr';
type Pass = (stream: Stream, bytes: Buffer) => void;

/** How long a stream is quiet before what gives nothing away is let go. */
const quietMs = 100;

export class MaskedOutput {
  readonly #streams: Readonly<Record<Stream, MaskedStream>>;
  readonly #pass: Pass;
  #timer: NodeJS.Timeout | null = null;

  constructor(masker: Masker, pass: Pass) {
    this.#streams = { stdout: masker.stream(), stderr: masker.stream() };
    this.#pass = pass;
  }

  push(stream: Stream, bytes: Buffer): void {
    this.#hand(stream, this.#streams[stream].push(bytes));
    const holds = this.#streams.stdout.holds || this.#streams.stderr.holds;
    if (holds) this.#timer = this.#timer?.refresh() ?? setTimeout(() => this.#settle(), quietMs).unref();
    else this.#disarm();
  }

  /** Both streams have ended. */
  end(): void {
    this.#disarm();
    for (const stream of both) this.#hand(stream, this.#streams[stream].end());
  }

  #settle(): void {
    this.#timer = null;
    for (const stream of both) this.#hand(stream, this.#streams[stream].settle());
  }

  #disarm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #hand(stream: Stream, bytes: Buffer): void {
    if (bytes.length > 0) this.#pass(stream, bytes);
  }
}

const both: readonly Stream[] = ['stdout', 'stderr'];
