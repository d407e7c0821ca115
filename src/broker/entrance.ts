// Who comes in: whose each connection is, by its token, and how many there may be, of one instance and in all. What is done wrong is
// told of each so often, and no more.
import { timingSafeEqual } from 'node:crypto';
import type { NodeId } from '../plan/plan.ts';
import { ProtocolError } from '../wire/frame.ts';
import type { Notice } from './control.ts';
import type { Instance } from './instance.ts';
import { Most } from './limits.ts';
import type { Claim, Session } from './session.ts';
import { tokenFor } from './token.ts';

export class Entrance {
  readonly #key: string;
  readonly #instances: ReadonlyMap<NodeId, Instance>;
  readonly #notify: (notice: Notice) => void;
  /** How many there were; null: of those who did not say who they are. */
  readonly #offences = new Map<NodeId | null, number>();
  #compared = 0;
  /** Those that have not said who they are, in the order in which they came. */
  readonly #strangers = new Set<Session>();
  readonly #most: number;
  #known = 0;

  /** `key`: what tokens are made with, in hex. `most`: how many connections there is room for. */
  constructor(key: string, instances: ReadonlyMap<NodeId, Instance>, notify: (notice: Notice) => void, most: number) {
    this.#key = key;
    this.#instances = instances;
    this.#notify = notify;
    this.#most = most;
  }

  /**
   * Somebody has connected. Where the system had no room for more, it would turn away who means well: so the one goes that has been there for
   * longest and has not said who it is, or, where all have, one of the instance that has the most.
   */
  arrived(session: Session): void {
    if (this.#strangers.size + this.#known >= this.#most) {
      const [oldest = this.#oneTooMany()] = this.#strangers;
      oldest?.offended(new ProtocolError('limit', `there is no room for more than ${this.#most} connections`));
    }
    this.#strangers.add(session);
  }

  /** It is over. */
  left(session: Session): void {
    if (!this.#strangers.delete(session)) this.#known -= 1;
  }

  /** Throws a `ProtocolError` where the token is not that instance's, or there are too many sessions of it. */
  admit(session: Session, claim: Claim): void {
    const instance = this.#instances.get(claim.instance);
    if (!this.#proves(claim.token, claim.instance, instance?.attempt)) {
      // By a token that it has it says itself who lies; of any other nobody knows.
      session.instance = this.#ownerOf(claim.token);
      throw new ProtocolError('identity', `the token is not that of \`${claim.instance}\``);
    }
    if (instance === undefined || instance.settled) {
      throw new ProtocolError('identity', `\`${claim.instance}\` has ended, or was given nothing to use here`);
    }
    // Whose it is is known now: what it does wrong from here on is its instance's doing.
    session.instance = claim.instance;
    if (instance.sessions.size >= Most.SESSIONS) {
      throw new ProtocolError('limit', `\`${claim.instance}\` has ${Most.SESSIONS} connections already`);
    }
    instance.sessions.add(session);
    this.#strangers.delete(session);
    this.#known += 1;
  }

  offended({ instance }: Session, reason: string): void {
    const node = instance === '' ? null : instance;
    const offences = (this.#offences.get(node) ?? 0) + 1;
    this.#offences.set(node, offences);
    if (offences > (node === null ? Most.STRANGE_OFFENCES : Most.OFFENCES)) return;
    this.#notify({ type: 'offence', node, reason });
  }

  #oneTooMany(): Session | undefined {
    let most: Instance | undefined;
    for (const instance of this.#instances.values()) {
      if (most === undefined || instance.sessions.size > most.sessions.size) most = instance;
    }
    return most === undefined ? undefined : [...most.sessions].at(-1);
  }

  #proves(token: string, node: NodeId, attempt?: number): boolean {
    const expected = Buffer.from(tokenFor(this.#key, node, attempt));
    const shown = Buffer.from(token);
    return shown.length === expected.length && timingSafeEqual(shown, expected);
  }

  /** Of the attempt that runs now; empty where it is nobody's. */
  #ownerOf(token: string): NodeId {
    for (const { node, attempt, settled } of this.#instances.values()) {
      if (this.#compared >= MOST_COMPARED) break;
      this.#compared += 1;
      if (!settled && this.#proves(token, node, attempt)) return node;
    }
    return '';
  }
}

/** Tokens that are made to find out whose one is: a run of very many must not be held up by who guesses. */
const MOST_COMPARED = 100_000;
