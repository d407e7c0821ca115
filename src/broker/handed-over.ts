// What one end of a direct lane hands over once that is closed: items that went over it and are not done, by the numbers they had there.
// It is held against what that end says of the lane as a whole. Who says what cannot be makes it throw a `ProtocolError`, so
// that the other end, which believes the broker, is not led astray.
import { ProtocolError } from '../wire/frame.ts';
import type { Items } from '../wire/items.ts';
import type { LaneClosed } from '../wire/message.ts';
import { keptAlone } from './kept-alone.ts';
import { Most } from './limits.ts';

/** Where items were that went over the lane: they have come to the other end; its program has taken them. */
export interface Handed {
  readonly sent: boolean;
  readonly taken: boolean;
}

export interface HandedPiece {
  readonly first: number;
  readonly items: Items;
  readonly handed: Handed;
}

export class HandedOver {
  readonly #pieces: HandedPiece[] = [];
  #count = 0;
  #kept = 0;
  /** One more than the largest number of all, of those that were sent, and of those that were taken. */
  #end = 0;
  #sentEnd = 0;
  #takenEnd = 0;

  /** The next ones, from the number `first` on. */
  add(first: number, items: Items, handed: Handed): void {
    // Who was sent an empty frame hands that over, too.
    if (items.count === 0) return;
    if (first < this.#end || (handed.taken && !handed.sent)) throw doesNotAddUp();
    this.#kept += items.bytes.length + PIECE;
    if (this.#kept > Most.HELD_BYTES) throw new ProtocolError('limit', 'more is handed over than was ever on a lane');
    this.#count += items.count;
    this.#end = first + items.count;
    if (handed.sent) this.#sentEnd = this.#end;
    if (handed.taken) this.#takenEnd = this.#end;
    this.#pieces.push({ first, items: keptAlone(items), handed });
  }

  /** All of it, where that is what can be left of such a lane. */
  allOf({ put, sent, taken, done, peak }: LaneClosed): readonly HandedPiece[] {
    const counts = [put, sent, taken, done, peak];
    const adds =
      counts.every((count) => Number.isSafeInteger(count) && count >= 0 && count <= MOST_NUMBERS) &&
      put - done === this.#count &&
      sent <= put &&
      taken <= sent &&
      done <= taken &&
      this.#end <= put &&
      this.#sentEnd <= sent &&
      this.#takenEnd <= taken;
    if (!adds) throw doesNotAddUp();
    return this.#pieces;
  }
}

function doesNotAddUp(): ProtocolError {
  return new ProtocolError('protocol', 'what is said of a lane does not add up');
}

/** What a piece takes, however small its items are; and no more of them than can be told to the other end in one frame. */
const PIECE = 2048;
/** A number has six bytes. */
const MOST_NUMBERS = 2 ** 48;
