// Who waits for everything that was put so far, and how much of that is still to be done; and what is said to them.
import type { NodeId } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import { Most } from './limits.ts';
import type { Speech } from './speech.ts';

interface Join {
  readonly session: number;
  readonly instance: NodeId;
  readonly request: number;
  /** The number of the first item that it does not wait for. */
  readonly before: number;
  /** How many that it waits for are not done. */
  left: number;
}

export class Joins {
  readonly #speech: Speech;
  #waiting: Join[] = [];
  /** How often an instance waits. */
  readonly #counts = new Map<NodeId, number>();

  constructor(speech: Speech) {
    this.#speech = speech;
  }

  /** Answered at once where nothing is left to be done. */
  ask(join: Join): void {
    const { session, instance, request, left } = join;
    if (left === 0) return this.#speech.say({ type: 'reply', session, request });
    const count = this.#counts.get(instance) ?? 0;
    if (count === Most.JOINS)
      throw new ProtocolError('limit', `\`${instance}\` waits in join ${Most.JOINS} times already`);
    this.#waiting.push(join);
    this.#counts.set(instance, count + 1);
  }

  *sessions(): Generator<number> {
    for (const { session } of this.#waiting) yield session;
  }

  /** So many items from `first` on are done. */
  finish(first: number, count: number): void {
    if (this.#waiting.length === 0) return;
    for (const join of this.#waiting) join.left -= Math.max(0, Math.min(count, join.before - first));
    if (this.#waiting.every((join) => join.left > 0)) return;
    for (const { session, request } of this.#remove((join) => join.left === 0)) {
      this.#speech.say({ type: 'reply', session, request });
    }
  }

  forget(session: number): void {
    this.#remove((join) => join.session === session);
  }

  /** What is left will never be done. */
  deny(): void {
    for (const { session, request } of this.#remove(() => true)) {
      const message = 'what was put can no longer be done';
      this.#speech.say({ type: 'denied', session, request, code: 'broken', message });
    }
  }

  #remove(is: (join: Join) => boolean): readonly Join[] {
    const removed = this.#waiting.filter(is);
    if (removed.length === 0) return removed;
    this.#waiting = this.#waiting.filter((join) => !is(join));
    for (const { instance } of removed) this.#counts.set(instance, (this.#counts.get(instance) ?? 0) - 1);
    return removed;
  }
}
