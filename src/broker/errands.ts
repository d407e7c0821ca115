// What processes ask of the run itself, and not of a channel: that an output be set, that another process be terminated, how it
// stands. What has to be done the runner does; here it is seen to that the pipeline lets them, that nobody asks for more than is
// good, and that each answer finds its way back.
import type { Json, NodeId } from '../plan/plan.ts';
import type { Speaker } from '../plan/speakers.ts';
import { readAsked, readRequest } from '../wire/body.ts';
import { type Frame, ProtocolError } from '../wire/frame.ts';
import { Flag, Limit, type ProcessState, Type, type Welcome } from '../wire/message.ts';
import type { Notice } from './control.ts';
import { isTooDeep, TOO_DEEP } from './depth.ts';
import { Most } from './limits.ts';
import { localId, wholeId } from './local-name.ts';
import { Oversight } from './oversight.ts';
import type { ChannelWait, Stance } from './sight.ts';
import type { Party } from './party.ts';

/** What the runner is to do. */
interface Errand {
  readonly asker: Party;
  readonly request: number;
  readonly bytes: number;
}

/** What one instance has under way. */
interface Load {
  errands: number;
  bytes: number;
  /** Bytes of outputs that have begun to come. */
  coming: number;
  watches: number;
}

export class Errands {
  readonly #outputs: ReadonlyMap<NodeId, readonly string[]>;
  readonly #oversight: Oversight;
  readonly #notify: (notice: Notice) => void;
  /** Something was said to it that is to go out. */
  readonly #speaks: (asker: Party) => void;
  readonly #open = new Map<number, Errand>();
  readonly #loads = new Map<NodeId, Load>();
  /** Outputs that have begun to come, by session. */
  readonly #coming = new Map<number, { readonly load: Load; readonly bytes: number }>();
  /** Those who wait for others to end. */
  readonly #watchers = new Map<number, { readonly asker: Party; readonly requests: Set<number> }>();
  #last = 0;

  constructor(speakers: readonly Speaker[], notify: (notice: Notice) => void, speaks: (asker: Party) => void) {
    const setters = speakers.filter(({ outputs }) => outputs.length > 0);
    this.#outputs = new Map(setters.map(({ node, outputs }) => [node, outputs]));
    this.#oversight = new Oversight(speakers);
    this.#notify = notify;
    this.#speaks = speaks;
  }

  grantsOf(instance: NodeId): Pick<Welcome, 'outputs' | 'controls'> {
    const outputs = this.#outputs.get(instance) ?? [];
    const controls = this.#oversight.of(instance).map((node) => localId(node, instance));
    return { ...(outputs.length > 0 ? { outputs } : {}), ...(controls.length > 0 ? { controls } : {}) };
  }

  /** How long an `OUTPUT` may be that says it has `length`: memory for all of it is kept until it is there, be it that it never comes. */
  longest({ session, instance }: Party, length: number): number {
    if (length > Most.PLAIN_FRAME && length <= LONGEST) {
      const load = this.#loadOf(instance);
      if (load.coming + length > Most.ERRAND_BYTES) throw new ProtocolError('limit', TOO_MUCH);
      load.coming += length;
      this.#coming.set(session, { load, bytes: length });
    }
    return LONGEST;
  }

  /** Throws a `ProtocolError` for what no client may say. */
  hear(asker: Party, frame: Frame): void {
    this.#come(asker.session);
    if (frame.type === Type.CANCEL) return this.#cancel(asker, readRequest(frame));
    const { request, body } = readAsked(frame);
    const bytes = frame.end - frame.body;
    if (frame.type === Type.OUTPUT) {
      // The value stands in one object more.
      const start = frame.buffer.indexOf('{', frame.body + 4) + 1;
      if (isTooDeep(frame.buffer, start, frame.end)) throw new ProtocolError('protocol', `an output ${TOO_DEEP}`);
      return this.#set({ asker, request, bytes }, body);
    }
    const name = body['process'];
    if (typeof name !== 'string') throw new ProtocolError('protocol', 'it does not say which `process` is meant');
    const node = wholeId(name, asker.instance);
    if (!this.#oversight.may(asker.instance, node)) {
      return this.#deny(asker, request, `the pipeline does not let \`${asker.instance}\` control \`${name}\``);
    }
    if (frame.type === Type.WATCH) return this.#watch(asker, request, node, (frame.flags & Flag.WAIT) !== 0);
    const errand = this.#send({ asker, request, bytes });
    this.#notify({ type: 'terminate', errand, by: asker.instance, node, atOnce: (frame.flags & Flag.KILL) !== 0 });
  }

  /** The runner has done it. */
  done(number: number): void {
    const errand = this.#open.get(number);
    if (errand === undefined) return;
    this.#open.delete(number);
    const { asker, request, bytes } = errand;
    const load = this.#loadOf(asker.instance);
    load.errands -= 1;
    load.bytes -= bytes;
    this.#reply(asker, request);
  }

  /** Of an instance that somebody may control; any other makes no difference. */
  started(node: NodeId, pid: number | null): void {
    this.#oversight.started(node, pid);
  }

  /** One that may do what `owner` may. */
  enlist(worker: NodeId, owner: NodeId): void {
    this.#oversight.enlist(worker, owner);
  }

  ended(node: NodeId, exitcode: number | null): void {
    for (const { session, request, state } of this.#oversight.ended(node, exitcode)) {
      const asker = this.#watchers.get(session)?.asker;
      if (asker === undefined) continue;
      this.#forget(asker, request);
      this.#reply(asker, request, state);
    }
  }

  /** A session is gone. */
  left(session: number): void {
    this.#come(session);
    const watcher = this.#watchers.get(session);
    if (watcher === undefined) return;
    this.#oversight.left(session);
    for (const request of [...watcher.requests]) this.#forget(watcher.asker, request);
  }

  waits(): readonly ChannelWait[] {
    return this.#watchers.size === 0 ? [] : this.#oversight.waits();
  }

  stances(known: { has(node: NodeId): boolean }): Stance[] {
    return this.#watchers.size === 0 ? [] : this.#oversight.stances(known);
  }

  /** It is there, or never will be. */
  #come(session: number): void {
    const coming = this.#coming.get(session);
    if (coming === undefined) return;
    this.#coming.delete(session);
    coming.load.coming -= coming.bytes;
  }

  #set(errand: Errand, { name, value }: Readonly<Record<string, unknown>>): void {
    if (typeof name !== 'string' || value === undefined) {
      throw new ProtocolError('protocol', 'an output has a `name` and a `value`');
    }
    const { asker, request } = errand;
    const node = asker.instance;
    if (!(this.#outputs.get(node) ?? []).includes(name)) {
      return this.#deny(asker, request, `the pipeline does not let \`${node}\` set the output \`${name}\``);
    }
    this.#notify({ type: 'output', errand: this.#send(errand), node, name, value: value as Json });
  }

  #watch(asker: Party, request: number, node: NodeId, untilEnd: boolean): void {
    if (!untilEnd) return this.#reply(asker, request, this.#oversight.look(node));
    const watcher = this.#watchers.get(asker.session) ?? { asker, requests: new Set() };
    if (watcher.requests.has(request)) throw new ProtocolError('protocol', `request ${request} is in use`);
    const load = this.#loadOf(asker.instance);
    if (load.watches >= Most.WATCHES) throw new ProtocolError('limit', 'it waits too often for others to end');
    const state = this.#oversight.wait(asker.session, request, node);
    if (state !== null) return this.#reply(asker, request, state);
    load.watches += 1;
    watcher.requests.add(request);
    this.#watchers.set(asker.session, watcher);
  }

  #cancel(asker: Party, request: number): void {
    if (!this.#oversight.cancel(asker.session, request)) return;
    this.#forget(asker, request);
    this.#reply(asker, request);
  }

  /** It waits no more. */
  #forget(asker: Party, request: number): void {
    this.#loadOf(asker.instance).watches -= 1;
    const watcher = this.#watchers.get(asker.session);
    watcher?.requests.delete(request);
    if (watcher?.requests.size === 0) this.#watchers.delete(asker.session);
  }

  #reply(asker: Party, request: number, state?: ProcessState): void {
    const { session } = asker;
    if (state === undefined) asker.perform(0, { type: 'reply', session, request });
    else asker.perform(0, { type: 'state', session, request, state });
    this.#speaks(asker);
  }

  #deny(asker: Party, request: number, message: string): void {
    asker.perform(0, { type: 'denied', session: asker.session, request, code: 'not-granted', message });
    this.#speaks(asker);
  }

  #send(errand: Errand): number {
    const load = this.#loadOf(errand.asker.instance);
    if (load.errands >= Most.ERRANDS || load.bytes > Most.ERRAND_BYTES) {
      throw new ProtocolError('limit', TOO_MUCH);
    }
    load.errands += 1;
    load.bytes += errand.bytes;
    this.#last += 1;
    this.#open.set(this.#last, errand);
    return this.#last;
  }

  #loadOf(instance: NodeId): Load {
    let load = this.#loads.get(instance);
    if (load === undefined) {
      load = { errands: 0, bytes: 0, coming: 0, watches: 0 };
      this.#loads.set(instance, load);
    }
    return load;
  }
}

/** Of an `OUTPUT`, with what comes before its JSON. */
const LONGEST = Limit.OUTPUT + 8;
const TOO_MUCH = 'it asks more of the run than that can answer: wait for its answers';
