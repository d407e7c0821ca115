// How far a consumer may read ahead, judged by how fast its program takes. A machine: time comes in as numbers.
// Nothing ahead at first; more whenever what was there was taken quickly; and at most what is worth a few milliseconds, so
// that a slow program sits on nothing that somebody else could work on.

export class Pace {
  /** How many items may be here, or on their way here, besides the one the program works on. */
  ahead = 0;
  /** As far as it may ever read. */
  most = MOST;
  #since = 0;
  #itemBytes = 0;

  /** Items came; the program takes its next one now. */
  begin(nowMs: number): void {
    this.#since = nowMs;
  }

  came(count: number, bytes: number): void {
    if (count > 0) this.#itemBytes = bytes / count;
  }

  /** The program is through with so many items since the last time, without having had to wait. */
  worked(nowMs: number, count: number): void {
    if (count === 0) return;
    const itemMs = (nowMs - this.#since) / count;
    const more = Math.max(1, this.ahead * 2);
    if (itemMs * more <= AHEAD_MS) this.ahead = more;
    else if (itemMs * this.ahead > AHEAD_MS) this.ahead = Math.floor(AHEAD_MS / itemMs);
    const most = this.#itemBytes === 0 ? MOST : Math.max(1, Math.floor(AHEAD_BYTES / this.#itemBytes));
    this.ahead = Math.min(this.ahead, most, this.most);
    this.#since = nowMs;
  }

  /** Somebody else could have worked on what was read ahead. */
  recalled(): void {
    this.ahead = 0;
  }
}

const AHEAD_MS = 4;
/** So much keeps the broker from being asked again for every read of it. */
const AHEAD_BYTES = 512 * 1024;
const MOST = 8192;
