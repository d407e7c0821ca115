// Who comes in: whose each connection is, by its token, and how many there may be of one instance. What is done wrong is told of
// each so often, and no more.
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

  /** `key`: what tokens are made with, in hex. */
  constructor(key: string, instances: ReadonlyMap<NodeId, Instance>, notify: (notice: Notice) => void) {
    this.#key = key;
    this.#instances = instances;
    this.#notify = notify;
  }

  /** Throws a `ProtocolError` where the token is not that instance's, or there are too many sessions of it. */
  admit(session: Session, claim: Claim): void {
    const instance = this.#instances.get(claim.instance);
    const expected = Buffer.from(tokenFor(this.#key, claim.instance, instance?.attempt));
    const token = Buffer.from(claim.token);
    if (token.length !== expected.length || !timingSafeEqual(token, expected)) {
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
  }

  offended({ instance }: Session, reason: string): void {
    const node = instance === '' ? null : instance;
    const offences = (this.#offences.get(node) ?? 0) + 1;
    this.#offences.set(node, offences);
    if (offences > (node === null ? Most.STRANGE_OFFENCES : Most.OFFENCES)) return;
    this.#notify({ type: 'offence', node, reason });
  }
}
