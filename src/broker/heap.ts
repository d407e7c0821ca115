// Things in an order of theirs, the first of them at hand, each of which can be taken out at any time. All of it costs what
// the logarithm of their number does.

export interface Heaped {
  /** Where it stands in each heap it is in, by the heap's number. */
  readonly places: number[];
}

export class Heap<Thing extends Heaped> {
  readonly #number: number;
  readonly #before: (one: Thing, other: Thing) => boolean;
  readonly #things: Thing[] = [];

  /** `before` tells which of two comes first. */
  constructor(number: number, before: (one: Thing, other: Thing) => boolean) {
    this.#number = number;
    this.#before = before;
  }

  get first(): Thing | undefined {
    return this.#things[0];
  }

  add(thing: Thing): void {
    this.#things.push(thing);
    this.#rise(thing, this.#things.length - 1);
  }

  /** It must be in it. */
  remove(thing: Thing): void {
    const at = thing.places[this.#number] as number;
    const last = this.#things.pop() as Thing;
    if (last === thing) return;
    if (at > 0 && this.#before(last, this.#things[(at - 1) >> 1] as Thing)) this.#rise(last, at);
    else this.#sink(last, at);
  }

  #rise(thing: Thing, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = this.#things[(at - 1) >> 1] as Thing;
      if (!this.#before(thing, parent)) break;
      this.#stand(parent, at);
      at = (at - 1) >> 1;
    }
    this.#stand(thing, at);
  }

  #sink(thing: Thing, from: number): void {
    const things = this.#things;
    let at = from;
    for (let child = 2 * at + 1; child < things.length; child = 2 * at + 1) {
      const [left, right] = [things[child] as Thing, things[child + 1]];
      const next = right !== undefined && this.#before(right, left) ? right : left;
      if (!this.#before(next, thing)) break;
      this.#stand(next, at);
      at = next === left ? child : child + 1;
    }
    this.#stand(thing, at);
  }

  #stand(thing: Thing, at: number): void {
    this.#things[at] = thing;
    thing.places[this.#number] = at;
  }
}
