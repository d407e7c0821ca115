// What a run stands on: its private folder, the launcher of its processes, its FIFOs and the pipes between processes. Opened at once,
// so that the keeper starts while the rest is prepared; once it is closed, nothing of the run is left.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeeperProgram, keeperPrograms } from '../keeper/programs.ts';
import { type Containment, containmentOf, TIERS, type Tier } from './containment.ts';
import type { DirectLauncher } from './direct-launcher.ts';
import { Fifos } from './kernel-pipe.ts';
import { KeptLauncher } from './kept-launcher.ts';
import type { Launcher } from './launcher.ts';
import { makePrivateFolder, removePrivateFolder, statOf } from './private-folder.ts';
import { ProcessPipes } from './process-pipe.ts';

export interface PremisesOptions {
  readonly runId: string;
  /** The surest tier that may be used. */
  readonly atMost: Tier;
  /** The keeper was killed. What it kept is being killed, too. */
  readonly onLost: (reason: string) => void;
  /** And what it kept could not be looked for. */
  readonly onUncleared: (reason: string) => void;
  /** Some process is to have the terminal of this session. */
  readonly inSession: boolean;
}

export class Premises {
  readonly folder = makePrivateFolder();
  readonly fifos = new Fifos(this.folder, (paths) => this.launcher.makeFifos(paths));
  readonly pipes = new ProcessPipes(this.fifos);
  readonly #options: PremisesOptions;
  /** The one that is used, or that is being tried. */
  #kept: KeptLauncher | null;
  /** Those that are tried where it is not fit. */
  readonly #others: KeeperProgram[];
  #direct: DirectLauncher | null = null;
  #launcher: Launcher | null = null;
  #cleared: Promise<void> = Promise.resolve();

  constructor(options: PremisesOptions) {
    this.#options = options;
    const { runId, atMost } = options;
    writeFileSync(join(this.folder, 'run'), runId);
    const isSure = atMost === 'cgroup' || atMost === 'subreaper';
    this.#others = process.platform === 'linux' && isSure ? [...keeperPrograms()] : [];
    this.#kept = this.#next();
  }

  /** Settles once processes can be started. */
  async ready(): Promise<Containment> {
    const reasons = limits(this.#options.atMost);
    for (; this.#kept !== null; this.#kept = this.#next())
      try {
        const { tier, lost } = await this.#kept.keeper.ready;
        this.#launcher = this.#kept;
        return containmentOf(tier, [...reasons, ...lost]);
      } catch (error) {
        reasons.push(`no ${this.#kept.program} keeper: ${(error as Error).message.trim()}`);
      }
    const { DirectLauncher } = await import('./direct-launcher.ts');
    this.#launcher = this.#direct = new DirectLauncher(this.#options.runId, this.folder);
    const tier = process.platform === 'linux' && this.#options.atMost !== 'group' ? 'scan' : 'group';
    return containmentOf(tier, reasons);
  }

  #next(): KeptLauncher | null {
    const { runId, atMost, inSession } = this.#options;
    const program = this.#others.shift();
    if (program === undefined) return null;
    return new KeptLauncher({
      program,
      runId,
      folder: this.folder,
      allowed: atMost === 'cgroup' ? atMost : 'subreaper',
      inSession,
      onLost: (reason) => this.#lost(reason),
    });
  }

  get launcher(): Launcher {
    if (!this.#launcher) throw new Error('Internal error: a process was to be started before the launcher was ready');
    return this.#launcher;
  }

  /** That one is not to outlive this process. */
  guard(pid: number): void {
    appendFileSync(join(this.folder, 'starts'), statOf(pid));
    this.#kept?.keeper.guard(pid);
    this.#direct?.guard(pid);
  }

  /** Kills whatever is left of the run, and answers whom. */
  async empty(): Promise<readonly number[]> {
    await this.#cleared;
    return (await this.#launcher?.end()) ?? [];
  }

  async close(): Promise<void> {
    this.pipes.close();
    await this.#cleared;
    await (this.#launcher ?? this.#kept)?.end();
    removePrivateFolder(this.folder);
  }

  /** Nothing guards what the keeper kept any more. */
  #lost(reason: string): void {
    this.#options.onLost(reason);
    this.#cleared = import('./aftermath.ts')
      .then(({ clearAfter }) => clearAfter(this.folder))
      .then(
        () => {},
        (error: Error) => this.#options.onUncleared(error.message),
      )
      .then(() => this.#kept?.keeper.settleAll());
  }
}

function limits(atMost: Tier): string[] {
  return atMost === TIERS[0] ? [] : [`no more than \`${atMost}\` was allowed`];
}
