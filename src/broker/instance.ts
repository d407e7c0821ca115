// One instance as the broker knows it: its process, its sessions and the streams that are wired to it, and what is known of how
// they ended. Another attempt of it is another such object.
import type { Clock } from '../clock.ts';
import type { NodeId } from '../plan/plan.ts';
import type { Collector } from './collector.ts';
import type { Fed } from './control.ts';
import type { Feeder } from './feeder.ts';
import type { Session } from './session.ts';
import type { Stance } from './sight.ts';

export class Instance {
  readonly node: NodeId;
  /** Which of its attempts this is, from 1. */
  readonly attempt: number;
  /** Of the process that the run started; null until that is known. */
  pid: number | null = null;
  readonly sessions = new Set<Session>();
  /** Sessions that were lost before it was known whether they were of the process that the run started. */
  readonly undecided: Session[] = [];
  readonly collectors = new Set<Collector>();
  readonly feeders = new Set<Feeder>();
  unflushed = false;
  /** Its program has said that it is ready. */
  saidReady = false;
  /** A stream broke for a command of one of its scripts. */
  brokeOff = false;
  /** Its processes have ended, and what they wrote is being worked through. */
  leaving = false;
  /** It has ended for good. */
  settled = false;
  /** Called whenever a session has departed. */
  departed = () => {};
  /** What they wrote is worked through as far as there is room for it. */
  #hurries = false;

  constructor(node: NodeId, attempt = 1) {
    this.node = node;
    this.attempt = attempt;
  }

  /** A process of it is known. */
  get isThere(): boolean {
    return this.pid !== null || this.sessions.size > 0;
  }

  get stance(): Stance {
    const { node, leaving, sessions, feeders, collectors } = this;
    // Of one that is gone, nobody reads any more.
    const streams = leaving ? [...collectors] : [...feeders, ...collectors];
    return {
      node,
      state: this.#state,
      sessions: [...sessions],
      streams: streams.map(({ session, moves }) => ({ session, pid: 0, moves })),
    };
  }

  get #state(): Stance['state'] {
    // Who is in a hurry gives up by itself.
    if (this.#hurries) return 'driven';
    if (this.leaving) return 'gone';
    return this.isThere || this.feeders.size > 0 ? 'present' : 'absent';
  }

  /** A stream that it took from broke off. */
  get inputBrokeOff(): boolean {
    return this.brokeOff || [...this.feeders].some((feeder) => feeder.brokeOff);
  }

  /** What was written to its stdin and is done by that. */
  get fed(): Fed | null {
    return [...this.feeders].map((feeder) => feeder.fed).find((fed) => fed !== null) ?? null;
  }

  /** Why what it wrote to a stdout is not taken any more; null where it is. */
  get outputClosed(): Collector['closed'] {
    return [...this.collectors].map(({ closed }) => closed).find((closed) => closed !== null) ?? null;
  }

  /** The queue that did not get all that was written to a stdout; null where each did. */
  get outputCutOff(): string | null {
    return [...this.collectors].map(({ cutOff }) => cutOff).find((queue) => queue !== null) ?? null;
  }

  /**
   * Nothing of its process tree is alive. Resolves once all it said and all it wrote has been worked through; where that is `abandoned`,
   * as far as there is room for it.
   */
  async finish(clock: Clock, abandoned: boolean): Promise<void> {
    this.leaving = true;
    this.#hurries ||= abandoned;
    await Promise.all([this.#allDeparted(clock), ...[...this.collectors].map((it) => it.finish(abandoned))]);
    for (const feeder of this.feeders) feeder.finish();
  }

  /** Each process that the run started leads a group of its own. */
  kill(): void {
    if (!this.pid) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  /** Nobody speaks for it any more. */
  silence(): void {
    for (const session of [...this.sessions]) session.cut();
    for (const collector of this.collectors) collector.drop();
    for (const feeder of this.feeders) feeder.finish();
  }

  /** Connections end with their processes. One that does not is held open by somebody who is not of this run. */
  #allDeparted(clock: Clock): Promise<void> {
    if (this.sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const patience = clock.after(LINGER_MS, () => {
        for (const session of [...this.sessions]) session.cut();
      });
      this.departed = () => {
        if (this.sessions.size > 0) return;
        patience.cancel();
        resolve();
      };
    });
  }
}

const LINGER_MS = 1000;
