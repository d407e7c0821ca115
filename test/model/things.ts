// The items of a queue as its promises have them: where each one is, which comes next, and what is dropped where there is no
// room. As simple as can be, and slow.
export interface ThingSettings {
  readonly order: 'fifo' | 'lifo' | 'priority' | 'deque';
  readonly overflow: 'block' | 'drop_oldest' | 'drop_newest' | 'fail';
  readonly maxsize: number;
  readonly maxBytes: number;
}

export type Place =
  | { readonly at: 'backlog' }
  | { readonly at: 'session'; readonly session: number; readonly tag: number; readonly taken: boolean }
  | { readonly at: 'done' }
  | { readonly at: 'exhausted' }
  | { readonly at: 'dead' }
  | { readonly at: 'dropped' };

export interface Thing {
  readonly number: number;
  readonly size: number;
  /** Its priority, or its place between the ends of a deque. */
  readonly rank: number;
  place: Place;
  charges: number;
  /** A program may have had it. */
  seen: boolean;
}

export interface ThingManner {
  readonly priority?: number;
  readonly left?: boolean;
}

export class Things {
  /** By the numbers that the queue gives them. */
  readonly all: Thing[] = [];
  dropped = 0;
  readonly #settings: ThingSettings;
  #left = 0;
  #right = 0;

  constructor(settings: ThingSettings) {
    this.#settings = settings;
  }

  get drops(): boolean {
    return this.#settings.overflow.startsWith('drop');
  }

  get(number: number): Thing {
    const thing = this.all[number];
    if (thing === undefined) throw new Error(`nobody ever put item ${number}`);
    return thing;
  }

  at(place: Place['at']): Thing[] {
    return this.all.filter((thing) => thing.place.at === place);
  }

  get waiting(): Thing[] {
    return this.all.filter(
      ({ place }) => place.at === 'backlog' || (!this.drops && place.at === 'session' && !place.taken),
    );
  }

  put(sizes: readonly number[], manner: ThingManner): void {
    for (const size of sizes) {
      if (this.drops && !this.fits(size)) {
        if (this.#settings.overflow === 'drop_newest') {
          this.dropped += 1;
          continue;
        }
        while (!this.fits(size)) {
          (this.waiting[0] as Thing).place = { at: 'dropped' };
          this.dropped += 1;
        }
      }
      const rank = this.#rank(manner);
      this.all.push({
        number: this.all.length,
        size,
        rank,
        place: { at: 'backlog' },
        charges: 0,
        seen: false,
      });
    }
  }

  /** Whether one more of that size may wait, where that much is promised to others. */
  fits(size: number, promised = 0, promisedBytes = 0): boolean {
    const { maxsize, maxBytes } = this.#settings;
    const { waiting } = this;
    const bytes = waiting.reduce((sum, it) => sum + it.size, promisedBytes);
    if (maxsize > 0 && waiting.length + promised >= maxsize) return false;
    return bytes + size <= maxBytes || waiting.length === 0;
  }

  /** What of the backlog comes before a thing. */
  before(thing: Thing, right: boolean): Thing | undefined {
    return this.at('backlog').find((it) => it !== thing && this.#comesBefore(it, thing, right));
  }

  #comesBefore(one: Thing, other: Thing, right: boolean): boolean {
    switch (this.#settings.order) {
      case 'fifo':
        return one.number < other.number;
      case 'lifo':
        return one.number > other.number;
      case 'priority':
        return one.rank < other.rank || (one.rank === other.rank && one.number < other.number);
      case 'deque':
        return right ? one.rank > other.rank : one.rank < other.rank;
    }
  }

  #rank({ priority, left }: ThingManner): number {
    if (this.#settings.order === 'priority') return priority ?? 0;
    if (left) this.#left -= 1;
    else this.#right += 1;
    return left ? this.#left : this.#right;
  }
}
