// Bytes of one stream → whole lines of text for the screen. Bytes that are no UTF-8 become U+FFFD; a line that is very
// long is cut, and says so. Never keeps more than a line's shown part, however long the line is.
import { StringDecoder } from 'node:string_decoder';

export const shownLength = 4_096;

export class Lines {
  // Ten times as fast as a TextDecoder, and a byte order mark is a character like others.
  readonly #decoder = new StringDecoder('utf8');
  #start = '';
  #cutOff = 0;

  /** The lines that `bytes` completes. */
  push(bytes: Uint8Array): string[] {
    return this.#split(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
  }

  /** The last line, where it has no end of its own. */
  end(): string[] {
    const lines = this.#split(this.#decoder.end());
    return this.#start === '' ? lines : [...lines, this.#take()];
  }

  #split(text: string): string[] {
    const pieces = text.split('\n');
    const rest = pieces.pop() as string;
    const lines = pieces.map((piece) => {
      this.#add(piece);
      return this.#take();
    });
    this.#add(rest);
    return lines;
  }

  #add(piece: string): void {
    const shown = piece.slice(0, shownLength - this.#start.length);
    this.#start += shown;
    this.#cutOff += piece.length - shown.length;
  }

  #take(): string {
    const cut = this.#cutOff;
    const line = cut === 0 ? this.#start.replace(/\r$/, '') : `${this.#start}… (${cut} more characters in the log)`;
    this.#start = '';
    this.#cutOff = 0;
    return line;
  }
}
