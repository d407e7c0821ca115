// What processes ask of the run itself, and not of a channel: that an output be set. The runner does it; here it is seen to that
// the pipeline lets them, that nobody asks for more than is good, and that the answer finds its way back.
import type { Json, NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import { readAsked } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import type { Welcome } from '../wire/message.ts';
import type { Notice } from './control.ts';
import { isTooDeep, TOO_DEEP } from './depth.ts';
import { Most } from './limits.ts';
import type { Party } from './switchboard.ts';

interface Errand {
  readonly asker: Party;
  readonly request: number;
  readonly bytes: number;
}

/** What one instance has under way. */
interface Load {
  count: number;
  bytes: number;
}

export class Errands {
  readonly #outputs: ReadonlyMap<NodeId, readonly string[]>;
  readonly #notify: (notice: Notice) => void;
  readonly #open = new Map<number, Errand>();
  readonly #loads = new Map<NodeId, Load>();
  #last = 0;

  constructor(speakers: readonly Speaker[], notify: (notice: Notice) => void) {
    this.#outputs = new Map(
      speakers.filter(({ outputs }) => outputs.length > 0).map(({ node, outputs }) => [node, outputs]),
    );
    this.#notify = notify;
  }

  grantsOf(instance: NodeId): Pick<Welcome, 'outputs'> {
    const outputs = this.#outputs.get(instance);
    return outputs === undefined ? {} : { outputs };
  }

  /** Throws a `ProtocolError` for what no client may say. */
  hear(asker: Party, frame: Frame): void {
    const { request, body } = readAsked(frame);
    // The value stands in one object more.
    const start = frame.buffer.indexOf('{', frame.body + 4) + 1;
    if (isTooDeep(frame.buffer, start, frame.end)) throw new ProtocolError('protocol', `an output ${TOO_DEEP}`);
    const { name, value } = body;
    if (typeof name !== 'string' || value === undefined) {
      throw new ProtocolError('protocol', 'an output has a `name` and a `value`');
    }
    const node = asker.instance;
    if (!(this.#outputs.get(node) ?? []).includes(name)) {
      const message = `the pipeline does not let \`${node}\` set the output \`${name}\``;
      return asker.perform(0, { type: 'denied', session: asker.session, request, code: 'not-granted', message });
    }
    const errand = this.#send({ asker, request, bytes: frame.end - frame.body });
    this.#notify({ type: 'output', errand, node, name, value: value as Json });
  }

  /** The runner has done it. Gives whom it was done for, where it is still there. */
  done(number: number): Party | null {
    const errand = this.#open.get(number);
    if (errand === undefined) return null;
    this.#open.delete(number);
    const { asker, request, bytes } = errand;
    const load = this.#loads.get(asker.instance);
    if (load !== undefined) {
      load.count -= 1;
      load.bytes -= bytes;
    }
    asker.perform(0, { type: 'reply', session: asker.session, request });
    return asker;
  }

  #send(errand: Errand): number {
    const { instance } = errand.asker;
    const load = this.#loads.get(instance) ?? { count: 0, bytes: 0 };
    this.#loads.set(instance, load);
    if (load.count >= Most.ERRANDS || load.bytes > Most.ERRAND_BYTES) {
      throw new ProtocolError('limit', 'it asks more of the run than that can answer: wait for its answers');
    }
    load.count += 1;
    load.bytes += errand.bytes;
    this.#last += 1;
    this.#open.set(this.#last, errand);
    return this.#last;
  }
}
