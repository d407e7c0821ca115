// When the machines of the channels take their turns. Whatever is said to one marks its line; once everything that came in
// together has been said, those that are marked take their turn, and then what they decided goes out. So a thousand small
// frames cost one turn, and one that comes alone does not wait for others.
import { type Clock, EarliestAlarm } from '../clock.ts';
import type { Line } from './line.ts';
import type { Party } from './party.ts';

export interface TurnsSettings {
  readonly clock: Clock;
  /** Lets these take their turn, which may mark others. */
  readonly take: (lines: readonly Line[], now: number) => void;
  /** Time has come for something: marks whoever may wait for it. */
  readonly onTime: () => void;
  readonly onTurn: () => void;
}

export class Turns {
  /** How often something was said to the machines. */
  count = 0;
  readonly #settings: TurnsSettings;
  readonly #marked = new Set<Line>();
  readonly #speaking = new Set<Party>();
  readonly #alarm: EarliestAlarm;
  #scheduled = false;
  /** Reads in this round of the loop that brought something; whether it was one at most in the round before. */
  #reads = 0;
  #quiet = true;

  constructor(settings: TurnsSettings) {
    this.#settings = settings;
    this.#alarm = new EarliestAlarm(settings.clock, settings.onTime);
  }

  mark(line: Line): void {
    this.#marked.add(line);
    this.#schedule();
  }

  /** Something waits to be flushed after this turn. */
  speaks(party: Party): void {
    this.#speaking.add(party);
    this.#schedule();
  }

  /** Something was performed in this turn, and waits to be flushed at its end. */
  answers(party: Party): void {
    this.#speaking.add(party);
  }

  /** All that one read brought was said. Where one speaks at a time there is nobody to be answered together with. */
  heard(): void {
    if (!this.#scheduled) return;
    this.#reads += 1;
    if (this.#quiet && this.#reads === 1) this.takeNow();
  }

  /** Lets every marked machine take its turn now. */
  takeNow(): void {
    const { clock, take, onTurn } = this.#settings;
    const stirred = this.#marked.size > 0;
    while (this.#marked.size > 0) {
      const marked = [...this.#marked];
      this.#marked.clear();
      take(marked, clock.now());
    }
    const speaking = [...this.#speaking];
    this.#speaking.clear();
    for (const party of speaking) party.flush();
    if (!stirred) return;
    this.count += 1;
    onTurn();
  }

  /** Something is due then, whatever is said until that. */
  wakeAt(deadline: number): void {
    this.#alarm.by(deadline);
  }

  stop(): void {
    this.#alarm.cancel();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#quiet = this.#reads <= 1;
      this.#reads = 0;
      this.takeNow();
    });
  }
}
