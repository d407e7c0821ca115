// Looks for a regular expression in the lines of a stream, however it is cut into pieces. It keeps no more of a line than it has to
// look at: of a longer one only the beginning is looked at.
import { stripVTControlCharacters } from 'node:util';
import { RE2JS } from 're2js';

export class LineSearch {
  readonly #pattern: RE2JS;
  /** What is known of the line that has not ended. */
  #line: Uint8Array[] = [];
  #length = 0;
  #found = false;

  constructor(pattern: string) {
    this.#pattern = RE2JS.compile(RE2JS.translateRegExp(pattern));
  }

  /** Whether a line that ends in these bytes matches, or one before has. */
  push(bytes: Uint8Array): boolean {
    let start = 0;
    while (!this.#found) {
      const end = bytes.indexOf(LF, start);
      if (end === -1) break;
      this.#keep(bytes.subarray(start, end));
      this.#look();
      start = end + 1;
    }
    if (!this.#found) this.#keep(bytes.subarray(start));
    return this.#found;
  }

  /** Whether the last line, which has no end, matches, or one before has. */
  end(): boolean {
    if (!this.#found && this.#length > 0) this.#look();
    return this.#found;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#length >= MOST_BYTES) return;
    // A copy: the rest of the chunk is not kept alive for it.
    const kept = Uint8Array.prototype.slice.call(bytes, 0, MOST_BYTES - this.#length);
    this.#line.push(kept);
    this.#length += kept.length;
  }

  #look(): void {
    const line = Buffer.concat(this.#line).toString('utf8').replace(/\r$/, '');
    this.#line = [];
    this.#length = 0;
    // Colours are not part of what is said.
    this.#found =
      this.#pattern.test(line) || (line.includes('\x1b') && this.#pattern.test(stripVTControlCharacters(line)));
  }
}

const LF = 10;
/** So much of a line is looked at. */
const MOST_BYTES = 64 * 1024;
