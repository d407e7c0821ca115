// The channels that a program has named, each with what the broker says it is, and to which of them a frame goes. One that the pipeline does
// not let it use fails, in words that name those it may.
import type { Frame } from '../wire/frame.ts';
import type { WelcomeChannel } from '../wire/message.ts';
import { type Failure, NotGranted } from './errors.ts';

/** What a channel is to its session. */
export interface Channel {
  /** The broker knows it; comes at most once. */
  open(described: WelcomeChannel): void;
  receive(frame: Frame): void;
  /** Nothing comes any more: it may not be used, or the connection is gone. */
  fail(failure: Failure): void;
  /** The system takes more again. */
  resume(): void;
  /** The program ends: says what it has left to say. Gives how many puts will never be made. */
  leave(): number;
}

export class Channels {
  readonly #instance: string;
  readonly #named = new Map<string, Channel>();
  readonly #byId = new Map<number, Channel>();
  /** All that it may use; null: the broker has not said so yet. */
  #described: readonly WelcomeChannel[] | null = null;

  /** Those of the process of that name. */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /** The one of that name, made by `make` when the program first names it; where there is a `failure` by then, it has failed. */
  get<C extends Channel>(kind: 'queue' | 'lock' | 'pipe', name: string, make: () => C, failure: Failure | null): C {
    const key = `${kind} ${name}`;
    const known = this.#named.get(key);
    if (known !== undefined) return known as C;
    const channel = make();
    this.#named.set(key, channel);
    if (failure !== null) channel.fail(failure);
    else if (this.#described !== null) this.#introduce(this.#described, key, channel);
    return channel;
  }

  /** The broker has said which there are. */
  welcomed(described: readonly WelcomeChannel[]): void {
    this.#described = described;
    for (const [key, channel] of this.#named) this.#introduce(described, key, channel);
  }

  /** False: it is for none of them. */
  receive(frame: Frame): boolean {
    const channel = this.#byId.get(frame.channel);
    channel?.receive(frame);
    return channel !== undefined;
  }

  /** The system takes more again. */
  resume(): void {
    for (const channel of this.#named.values()) channel.resume();
  }

  /** The program ends. Gives how many puts will never be made. */
  leave(): number {
    let unmade = 0;
    for (const channel of this.#named.values()) unmade += channel.leave();
    return unmade;
  }

  /** Nothing comes any more. */
  fail(failure: Failure): void {
    for (const channel of this.#named.values()) channel.fail(failure);
  }

  #introduce(all: readonly WelcomeChannel[], key: string, channel: Channel): void {
    const described = all.find(({ kind, name }) => `${kind} ${name}` === key);
    if (described === undefined) {
      const known = all.map(({ kind, name }) => `${kind} \`${name}\``).join(', ') || 'no channel';
      const message = `the pipeline does not let \`${this.#instance}\` use ${key.replace(' ', ' `')}\`: it may use ${known}`;
      return channel.fail(() => new NotGranted(message));
    }
    this.#byId.set(described.id, channel);
    channel.open(described);
  }
}
