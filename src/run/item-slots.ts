// The slots of one `each`: which of its workers go on now, and which wait for one. It was started with one slot, which it gives back
// whenever nothing is worked on, and asks for in the line of all; for further items at once it has such as nobody else waits for.

/** Where they come from. */
export interface SlotSource {
  /** The first one is not used now. False where it is kept all the same. */
  rest(): boolean;
  /** It is wanted again: `admitted` is to be said when it is there. */
  comeBack(): void;
  /** Whether there is one more now. */
  lend(): boolean;
  giveBack(): void;
  /** Something was given back, for whom it is the turn of. */
  letIn(): void;
}

export class ItemSlots {
  /** Null: there is no limit. */
  readonly #source: SlotSource | null;
  readonly #begin: (worker: number) => void;
  /** These wait for one, oldest first. */
  readonly #waiting = new Set<number>();
  /** These have one. */
  readonly #busy = new Set<number>();
  #count = 1;
  #isInLine = false;

  /** `begin`: this worker goes on now. */
  constructor(source: SlotSource | null, begin: (worker: number) => void) {
    this.#source = source;
    this.#begin = begin;
  }

  /** There is something to do for it. */
  wants(worker: number): void {
    this.#waiting.add(worker);
    this.resume();
  }

  /** It does nothing more for now, nor waits to. */
  leaves(worker: number): void {
    this.#waiting.delete(worker);
    if (this.#busy.delete(worker)) this.share();
  }

  admitted(): void {
    this.#isInLine = false;
    this.#count = 1;
    this.resume();
    this.share();
  }

  /** Others may have given back slots. */
  resume(): void {
    if (this.#waiting.size === 0) return;
    if (this.#source !== null && this.#count === 0) return this.#ask(this.#source);
    for (const worker of this.#waiting) {
      if (!this.#isOneMore()) return;
      this.#waiting.delete(worker);
      this.#busy.add(worker);
      this.#begin(worker);
    }
  }

  /** What is not used now goes to others first. */
  share(): void {
    const source = this.#source;
    if (source === null) return;
    const before = this.#count;
    for (; this.#count > Math.max(1, this.#busy.size); this.#count -= 1) source.giveBack();
    if (this.#count > this.#busy.size && source.rest()) this.#count = 0;
    if (this.#count < before) source.letIn();
    this.resume();
  }

  #ask(source: SlotSource): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    source.comeBack();
  }

  #isOneMore(): boolean {
    if (this.#source === null || this.#busy.size < this.#count) return true;
    if (!this.#source.lend()) return false;
    this.#count += 1;
    return true;
  }
}
