// A file that is only added to. Where something cannot be written it counts what is missing, and says in the file where that is, once it
// can be written again.
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

export class GrowingFile {
  readonly #path: string;
  #fd: number | null = null;
  /** Bytes that are missing, in all. */
  missing = 0;
  /** Why. */
  reason = '';
  /** Of these, what is missing where the file ends now. */
  #gap = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the file, if it can be made. */
  open(): void {
    try {
      this.#opened();
    } catch {
      // It is tried again, and told, when something is to be written.
    }
  }

  /** Writes as much as it can; answers why that is not all. */
  add(bytes: Uint8Array): Error | null {
    let at = 0;
    try {
      const fd = this.#opened();
      if (this.#gap > 0) this.#noteGap(fd);
      while (at < bytes.length) at += writeSync(fd, bytes, at);
      return null;
    } catch (error) {
      this.reason = (error as Error).message;
      this.#miss(bytes.length - at);
      return error as Error;
    }
  }

  /** All of it or nothing; nothing is counted as missing. */
  addWhole(bytes: Uint8Array): Error | null {
    try {
      const fd = this.#opened();
      let at = 0;
      try {
        while (at < bytes.length) at += writeSync(fd, bytes, at);
      } catch (error) {
        if (at > 0) ftruncateSync(fd, fstatSync(fd).size - at);
        throw error;
      }
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  /** It is not even tried. */
  miss(bytes: number): Error {
    if (this.reason === '') this.reason = 'no space left on the device';
    this.#miss(bytes);
    return new Error(this.reason);
  }

  close(): Error | null {
    const fd = this.#fd;
    this.#fd = null;
    try {
      if (fd !== null) closeSync(fd);
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  #opened(): number {
    this.#fd ??= openSync(this.#path, 'a');
    return this.#fd;
  }

  #miss(bytes: number): void {
    this.missing += bytes;
    this.#gap += bytes;
  }

  #noteGap(fd: number): void {
    const note = Buffer.from(`\n[forkline: ${this.#gap} bytes are missing here: ${this.reason}]\n`);
    for (let at = 0; at < note.length; ) at += writeSync(fd, note, at);
    this.#gap = 0;
  }
}
