// To whom what the machines of the channels decide is passed on: to sessions, to the run, to another queue, or to other runs.
import type { ChannelNews } from './effect.ts';
import type { Line, QueueLine } from './line.ts';
import type { News } from './news.ts';
import type { Party } from './party.ts';
import type { Turns } from './turns.ts';

export class Dispatch {
  readonly #queues: ReadonlyMap<string, QueueLine>;
  readonly #turns: Turns;
  readonly #onNews: (news: News) => void;
  readonly #parties = new Map<number, Party>();

  /** `queues`: by name. */
  constructor(queues: ReadonlyMap<string, QueueLine>, turns: Turns, onNews: (news: News) => void) {
    this.#queues = queues;
    this.#turns = turns;
    this.#onNews = onNews;
  }

  enter(party: Party): void {
    this.#parties.set(party.session, party);
  }

  leave(session: number): void {
    this.#parties.delete(session);
  }

  /** It takes its turn. */
  take(line: Line, now: number): void {
    for (const effect of line.machine.turn(now)) {
      if (effect.type === 'seek' || effect.type === 'yield') {
        if (line.kind === 'lock') line.host?.perform(effect);
        continue;
      }
      if (effect.type === 'dead') {
        this.#bury(line, effect);
        continue;
      }
      if (!('session' in effect)) {
        this.#onNews({ ...effect, channel: line.channel.name });
        continue;
      }
      const party = this.#parties.get(effect.session);
      if (party === undefined) continue;
      party.perform(line.id, effect);
      this.#turns.answers(party);
    }
    if (line.kind !== 'lock' && line.machine.nextDeadline !== null) this.#turns.wakeAt(line.machine.nextDeadline);
  }

  #bury({ channel }: Line, { node, items, death }: Extract<ChannelNews, { type: 'dead' }>): void {
    const grave = channel.kind === 'queue' ? this.#queues.get(channel.deadLetter ?? '') : undefined;
    if (grave === undefined) throw new Error('Internal error: nowhere to bury');
    grave.machine.bury(items, death);
    this.#turns.mark(grave);
    const { count } = items;
    const { reason } = death;
    this.#onNews({ type: 'dead_lettered', channel: channel.name, node, count, deadLetter: grave.channel.name, reason });
  }
}
