// What a run has before its first process starts: its broker, what its targets are made of, the means that keep its processes together,
// and nothing left of runs that were killed.
import { type BrokerHost, type BrokerOptions, startBroker } from '../broker/host.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { Plan } from '../plan/plan.ts';
import { needsBroker, speakersOf } from '../plan/speakers.ts';
import type { Containment } from './containment.ts';
import type { Premises } from './premises.ts';
import { sweep } from './sweep.ts';
import { prepareTargets, type Targets } from './target.ts';

export interface PreparationSettings {
  readonly plan: Plan;
  readonly runId: string;
  readonly runDir: string;
  readonly deadlockMs: number;
  readonly premises: Premises;
  readonly onNotice: BrokerOptions['onNotice'];
  readonly onBrokerLost: (reason: string) => void;
}

export interface Prepared {
  /** Null: nobody would speak to one. */
  readonly broker: BrokerHost | null;
  readonly targets: Targets;
  readonly containment: Containment;
  /** What earlier runs had left running, and was killed. */
  readonly swept: readonly number[];
}

export class Preparation {
  readonly #settings: PreparationSettings;
  #brokerStarts: Promise<BrokerHost | null> = Promise.resolve(null);

  constructor(settings: PreparationSettings) {
    this.#settings = settings;
  }

  async prepare(): Promise<Prepared> {
    const { plan, runDir, premises } = this.#settings;
    if (needsBroker(plan)) this.#brokerStarts = this.#startBroker();
    const [broker, targets, containment, swept] = await Promise.all([
      this.#brokerStarts,
      prepareTargets(plan, runDir),
      premises.ready(),
      sweep(),
    ]);
    if (broker) premises.guard(broker.pid);
    return { broker, targets, containment, swept };
  }

  /** The broker may be there although the rest could not be prepared. */
  async closeBroker(): Promise<void> {
    const broker = await this.#brokerStarts.catch(() => null);
    await broker?.close();
  }

  #startBroker(): Promise<BrokerHost> {
    const { plan, runId, deadlockMs, premises, onNotice, onBrokerLost } = this.#settings;
    const { channels, nodes } = plan;
    return startBroker({
      runId,
      channels,
      speakers: speakersOf(plan),
      again: nodes.filter((node) => isProcess(node) && node.again !== null).map(({ id }) => id),
      deadlockMs,
      daemons: nodes.filter(({ kind }) => kind === 'daemon').map(({ id }) => id),
      onNotice,
      socketDir: premises.folder,
      onLost: onBrokerLost,
    });
  }
}
