// Looks after who waits, as `Vigil` decides: shows it how everybody stands every now and then while somebody waits, passes its
// questions on, and brings the answers back. While nobody waits it sleeps.
import type { Notice } from './control.ts';
import type { Outlook } from './suspicion.ts';
import type { Session } from './session.ts';
import type { Switchboard } from './switchboard.ts';
import type { ChannelWait, Sight, Stance, Waker } from './sight.ts';
import { Vigil, type VigilEffect, type VigilSettings } from './vigil.ts';

/** What it leaves to the broker. */
export interface Crew {
  stances(): Stance[];
  /** Who waits, but not at a channel. */
  waits(): readonly ChannelWait[];
  session(session: number): Session | undefined;
  notify(notice: Notice): void;
}

export class Lookout {
  readonly #vigil: Vigil;
  readonly #switchboard: Switchboard;
  readonly #crew: Crew;
  #timer: NodeJS.Timeout | null = null;
  /** The timer is the next of a row of looks, and need not be set anew. */
  #soon = false;

  constructor(switchboard: Switchboard, settings: VigilSettings, crew: Crew) {
    this.#vigil = new Vigil(settings);
    this.#switchboard = switchboard;
    this.#crew = crew;
  }

  /** Something was said to a channel. */
  stir(): void {
    if (!this.#soon) this.#set(LOOK_MS);
  }

  /** A session says what alone could wake it. */
  answered(session: number, by: Waker | null): void {
    this.#perform(this.#vigil.answered(session, by, this.#sight(), this.#switchboard.clock.now()));
  }

  inspected(request: number, outlook: Outlook): void {
    this.#perform(this.#vigil.inspected(request, outlook, this.#sight(), this.#switchboard.clock.now()));
  }

  /** Tells who has waited for long, for the run is interrupted. */
  tell(): void {
    this.#perform(this.#vigil.interrupted(this.#sight(), this.#switchboard.clock.now()));
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #set(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#soon = delayMs <= MOST_LOOK_MS;
    this.#timer = setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#timer = null;
    this.#soon = false;
    const { clock } = this.#switchboard;
    const begin = clock.now();
    // Nobody runs.
    if (clock.held) return this.#set(LOOK_MS);
    const { effects, nextMs } = this.#vigil.look(this.#sight(), begin);
    this.#perform(effects);
    // Where there is so much to look at that it takes long, it is looked at less often.
    if (nextMs !== null) this.#set(Math.min(Math.max(nextMs, (clock.now() - begin) * PAUSE), MOST_SLEEP_MS));
  }

  #perform(effects: readonly VigilEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'ask':
          this.#crew.session(effect.session)?.ask();
          break;
        case 'inspect': {
          const { request, suspects, absent } = effect;
          this.#crew.notify({ type: 'suspects', request, suspects, absent });
          break;
        }
        case 'deadlock': {
          const { circle, waits } = effect;
          this.#crew.notify({ type: 'deadlock', circle, waits, queues: this.#fillsOf(waits) });
          break;
        }
        case 'stalled':
          this.#crew.notify({ type: 'stalled', waits: effect.waits, queues: this.#fillsOf(effect.waits) });
      }
    }
  }

  #sight(): Sight {
    const { standing, turns } = this.#switchboard;
    return {
      stances: this.#crew.stances(),
      waits: [...standing.waits(), ...this.#crew.waits()],
      turns: turns.count,
      movers: (queue) => standing.movers(queue),
    };
  }

  #fillsOf(waits: readonly { readonly channel: string | null }[]) {
    return this.#switchboard.standing.fills(new Set(waits.map(({ channel }) => channel)));
  }
}

const LOOK_MS = 100;
const MOST_LOOK_MS = 1000;
/** So many times as long as a look takes it pauses. */
const PAUSE = 50;
const MOST_SLEEP_MS = 0x7fff_ffff;
