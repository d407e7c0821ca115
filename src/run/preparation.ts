// What a run has before its first process starts: its broker, what its targets are made of, the means that keep its processes together,
// and nothing left of runs that were killed.
import { type BrokerHost, type BrokerOptions, startBroker } from '../broker/host.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { Plan } from '../plan/plan.ts';
import { needsBroker, speakersOf } from '../plan/speakers.ts';
import { shortcoming } from './containment.ts';
import type { ExecutionOptions } from './execution-options.ts';
import type { Premises } from './premises.ts';
import { sweep } from './sweep.ts';
import { prepareTargets, type Targets } from './target.ts';

export interface PreparationSettings
  extends Pick<ExecutionOptions, 'runId' | 'runDir' | 'deadlockMs' | 'tell' | 'requireContainment'> {
  readonly plan: Plan;
  readonly premises: Premises;
  readonly onNotice: BrokerOptions['onNotice'];
  readonly onBrokerLost: (reason: string) => void;
}

export interface Prepared {
  /** Null: nobody would speak to one. */
  readonly broker: BrokerHost | null;
  readonly targets: Targets;
  /** Why nothing may be started, where more containment is asked for than there is. */
  readonly shortcoming: string | null;
}

export class Preparation {
  readonly #settings: PreparationSettings;
  #brokerStarts: Promise<BrokerHost | null> = Promise.resolve(null);

  constructor(settings: PreparationSettings) {
    this.#settings = settings;
  }

  async prepare(): Promise<Prepared> {
    const { plan, runDir, premises, tell, requireContainment } = this.#settings;
    if (needsBroker(plan)) this.#brokerStarts = this.#startBroker();
    const [broker, targets, containment, swept] = await Promise.all([
      this.#brokerStarts,
      prepareTargets(plan, runDir),
      premises.ready(),
      sweep(),
    ]);
    if (broker) premises.guard(broker.pid);
    tell({ type: 'run.contained', ...containment });
    if (swept.length > 0)
      tell({
        type: 'warning',
        message: `killed what an earlier run, which was killed itself, had left running: ${swept.join(', ')}`,
      });
    return { broker, targets, shortcoming: requireContainment ? shortcoming(containment) : null };
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
