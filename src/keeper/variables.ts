// Variables as fields of a frame. What one process gets the next one mostly gets, too, in the same order: only what comes after that is
// encoded anew.
import { asGiven } from './as-given.ts';
import { encodeFields } from './frames.ts';

export class VariableFields {
  #names: readonly string[] = [];
  #values: readonly string[] = [];
  /** Of all up to each, the length. */
  #ends: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  /** Good until the next call. */
  encode(env: Readonly<Record<string, string>>): Buffer {
    const names = Object.keys(env);
    const values = Object.values(env);
    let same = 0;
    while (same < names.length && names[same] === this.#names[same] && values[same] === this.#values[same]) same += 1;
    if (same < names.length) this.#encodeFrom(same, names, values);
    this.#ends.length = names.length;
    this.#names = names;
    this.#values = values;
    return this.#bytes.subarray(0, this.#ends[names.length - 1] ?? 0);
  }

  #encodeFrom(at: number, names: readonly string[], values: readonly string[]): void {
    const kept = this.#bytes.subarray(0, this.#ends[at - 1] ?? 0);
    const { bytes, ends } = encodeFields(
      names.slice(at).map((name, after) => asGiven(name, values[at + after] as string)),
      kept,
    );
    this.#bytes = bytes;
    this.#ends = [...this.#ends.slice(0, at), ...ends];
  }
}
