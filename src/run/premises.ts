// What a run stands on: its private folder, the launcher of its processes, its FIFOs and the pipes between processes. Opened at once,
// so that the keeper starts while the rest is prepared; once it is closed, nothing of the run is left.
import { rmSync } from 'node:fs';
import type { Readiness } from '../keeper/keeper.ts';
import { DirectLauncher } from './direct-launcher.ts';
import { markOf } from './environment.ts';
import { Fifos } from './kernel-pipe.ts';
import { KeptLauncher } from './kept-launcher.ts';
import type { Launcher } from './launcher.ts';
import { makePrivateFolder } from './private-folder.ts';
import { ProcessPipes } from './process-pipe.ts';
import { emptyCgroup, emptyMarked } from './reaper.ts';

export class Premises {
  readonly folder = makePrivateFolder();
  readonly fifos = new Fifos(this.folder, (paths) => this.launcher.makeFifos(paths));
  readonly pipes = new ProcessPipes(this.fifos);
  readonly #mark: string;
  readonly #kept: KeptLauncher | null;
  #launcher: Launcher | null = null;
  #cgroup: string | null = null;

  constructor(runId: string, onLost: (reason: string) => void) {
    this.#mark = markOf(runId);
    this.#kept =
      process.platform === 'linux'
        ? new KeptLauncher({
            runId,
            folder: this.folder,
            allowed: 'cgroup',
            onLost: (reason) => {
              onLost(reason);
              void this.#lost();
            },
          })
        : null;
  }

  /** Settles once processes can be started. */
  async ready(): Promise<void> {
    try {
      const readiness = (await this.#kept?.keeper.ready) ?? null;
      this.#cgroup = readiness?.cgroup ?? null;
      this.#launcher = this.#launcherWith(readiness);
    } catch {
      this.#launcher = this.#launcherWith(null);
    }
  }

  get launcher(): Launcher {
    if (!this.#launcher) throw new Error('Internal error: a process was to be started before the launcher was ready');
    return this.#launcher;
  }

  /** That one is not to outlive this process. */
  guard(pid: number): void {
    this.#kept?.keeper.guard(pid);
  }

  /** Kills whatever is left of the run, and answers whom. */
  async empty(): Promise<readonly number[]> {
    return (await this.#launcher?.end()) ?? [];
  }

  async close(): Promise<void> {
    this.pipes.close();
    await (this.#launcher ?? this.#kept)?.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #launcherWith(readiness: Readiness | null): Launcher {
    return this.#kept && readiness ? this.#kept : new DirectLauncher(this.#mark);
  }

  /** The keeper was killed: what it kept has lost its guard, and is killed by what is known of it. */
  async #lost(): Promise<void> {
    if (this.#cgroup) await emptyCgroup(this.#cgroup);
    await emptyMarked(this.#mark);
    this.#kept?.keeper.settleAll();
  }
}
