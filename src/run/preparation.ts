// What a run has before its first process starts: its broker, what its targets are made of, the means that keep its processes together,
// and nothing left of runs that were killed.
import { BrokerNotStarted, type BrokerHost, type BrokerOptions, startBroker } from '../broker/host.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { Plan } from '../plan/plan.ts';
import { needsBroker, speakersOf } from '../plan/speakers.ts';
import { shortcoming } from './containment.ts';
import type { ExecutionOptions } from './execution-options.ts';
import type { Premises } from './premises.ts';
import { ProcessPipes } from './process-pipe.ts';
import { sweep } from './sweep.ts';
import { prepareTargets, type Targets } from './target.ts';
import type { StopCause } from './verdict.ts';

export interface PreparationSettings
  extends Pick<ExecutionOptions, 'runId' | 'runDir' | 'deadlockMs' | 'tell' | 'requireContainment'> {
  readonly plan: Plan;
  readonly premises: Premises;
  readonly onNotice: BrokerOptions['onNotice'];
  readonly onBrokerLost: (reason: string) => void;
}

export interface Prepared {
  /** Null: nobody would speak to one, or it could not be started. */
  readonly broker: BrokerHost | null;
  readonly targets: Targets;
  /** Why nothing may be started: there is no broker, or less containment than was asked for. */
  readonly obstacle: StopCause | null;
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
    const [started, targets, containment, swept] = await Promise.all([
      this.#brokerStarts.catch(asNotStarted),
      prepareTargets(plan, runDir),
      premises.ready(),
      sweep(),
    ]);
    const broker = started instanceof BrokerNotStarted ? null : started;
    if (broker) premises.guard(broker.pid);
    tell({ type: 'run.contained', ...containment });
    if (swept.length > 0)
      tell({
        type: 'warning',
        message: `killed what an earlier run, which was killed itself, had left running: ${swept.join(', ')}`,
      });
    if (started instanceof BrokerNotStarted)
      return { broker, targets, obstacle: { exitCode: 70, reason: started.message } };
    const lacking = requireContainment ? shortcoming(containment) : null;
    return { broker, targets, obstacle: lacking === null ? null : { exitCode: 2, reason: lacking } };
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
      piped: nodes.filter((node) => isProcess(node) && ProcessPipes.endsOf(node).length > 0).map(({ id }) => id),
      onNotice,
      socketDir: premises.folder,
      onLost: onBrokerLost,
    });
  }
}

/** That is no mistake of ours: somebody killed it, or the system has none to give. */
function asNotStarted(error: unknown): BrokerNotStarted {
  if (error instanceof BrokerNotStarted) return error;
  throw error;
}
