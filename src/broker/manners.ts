// Whether a client listens as well as it speaks. One that says much at a time is heard again after others; one that asks more than it
// reads is not heard until it has read, and not for ever; and one that is slow in reading is given no more items meanwhile.
import type { Connection } from './connection.ts';
import { Most } from './limits.ts';
import type { Patience } from './patience.ts';

interface Client {
  /** How many frames have come from it and gone to it. */
  readonly moves: number;
  /** What it is given must stay in its queues, or need not any more. */
  congest(congested: boolean): void;
}

export class Manners {
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #patience: Patience;
  /** Bytes of answers that have not been read, as far as can be seen. */
  #unread = 0;
  #congested = false;
  /** How many moves there were when it was last heard after others. */
  #movesBefore = 0;
  /** It has said much more than it has read. */
  #mistrusted = false;
  #gone = false;

  constructor(client: Client, connection: Connection, patience: Patience) {
    this.#client = client;
    this.#connection = connection;
    this.#patience = patience;
  }

  /** Others are to be heard, too, before it goes on. */
  heard(): void {
    if (this.#client.moves - this.#movesBefore <= Most.FRAMES) return;
    this.#connection.pause();
    setImmediate(() => {
      this.#movesBefore = this.#client.moves;
      if (!this.#mistrusted && !this.#gone) this.#connection.resume();
    });
  }

  /** It was sent so many bytes that are no items. */
  told(bytes: number): void {
    this.#unread += bytes;
    const { backlog } = this.#connection;
    if (backlog === 0) this.#unread = 0;
    else if (this.#unread > Most.UNREAD) this.#mistrust();
    else if (backlog > CONGESTED) this.#setCongested(true);
  }

  /** It has read all. */
  drained(): void {
    this.#unread = 0;
    if (this.#mistrusted) {
      this.#mistrusted = false;
      this.#patience.end();
      this.#connection.resume();
    }
    this.#setCongested(false);
  }

  /** It is not heard any more. */
  close(): void {
    this.#gone = true;
    this.#patience.end();
  }

  /** It may only be slower in reading than in asking. */
  #mistrust(): void {
    if (this.#mistrusted) return;
    this.#mistrusted = true;
    this.#connection.pause();
    this.#patience.begin();
  }

  /** What the connection does not take must not pile up here: items stay in their queues until it does. */
  #setCongested(congested: boolean): void {
    if (this.#congested === congested) return;
    this.#congested = congested;
    this.#client.congest(congested);
  }
}

/** From here on it gets no more items until all that was written has gone out. */
const CONGESTED = 64 * 1024;
