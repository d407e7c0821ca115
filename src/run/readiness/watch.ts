// The probe of one attempt as it is tried and listened to. When it is tried, and what follows, is for the machine to say
// (`readiness`); after `close` nothing is reported any more. Loaded only where something has a probe, and of the probes only those
// that are used.
import type { ProbeRule } from '../../plan/plan.ts';
import type { LineSearch } from './line-search.ts';
import type { ProbeSurroundings, Try } from './probe.ts';

export interface WatchReports {
  readonly held: () => void;
  readonly unheld: (reason: string) => void;
}

export async function openWatch(probe: ProbeRule, around: ProbeSurroundings, reports: WatchReports): Promise<Watch> {
  return new Watch(await tryOf(probe, around), await searchesOf(probe), reports);
}

/** One for each stream: their lines come in between each other. */
type Searches = { readonly stdout: LineSearch; readonly stderr: LineSearch };

export class Watch {
  readonly #reports: WatchReports;
  /** Null where it hears, and is not tried. */
  readonly #try: Try | null;
  readonly #searches: Searches | null;
  #dropping = new AbortController();
  #trying: Promise<void> | null = null;
  #closed = false;

  constructor(attempt: Try | null, searches: Searches | null, reports: WatchReports) {
    this.#try = attempt;
    this.#searches = searches;
    this.#reports = reports;
  }

  try(): void {
    if (this.#try === null || this.#closed) return;
    this.#dropping = new AbortController();
    this.#trying = this.#report(this.#try(this.#dropping.signal));
  }

  /** Gives up the try that goes on. */
  drop(): void {
    this.#dropping.abort();
  }

  /** What the process prints. */
  hear(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    if (!this.#closed && this.#searches?.[stream].push(bytes)) this.#reports.held();
  }

  /** It prints nothing more: what stands after the last end of line is a line, too. */
  heardAll(): void {
    for (const search of this.#searches === null || this.#closed ? [] : Object.values(this.#searches))
      if (search.end()) return this.#reports.held();
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  /** Nothing is being tried any more, and nothing of it is left. */
  async settled(): Promise<void> {
    // One may follow on the other.
    while (this.#trying !== null) await this.#trying;
  }

  async #report(result: Promise<string | null>): Promise<void> {
    const reason = await result;
    this.#trying = null;
    if (this.#closed) return;
    if (reason === null) this.#reports.held();
    else this.#reports.unheld(reason);
  }
}

async function tryOf(probe: ProbeRule, around: ProbeSurroundings): Promise<Try | null> {
  switch (probe.type) {
    case 'http':
      return (await import('./http.ts')).httpProbe(probe);
    case 'tcp':
      return (await import('./tcp.ts')).tcpProbe(probe);
    case 'exec':
      return (await import('./exec.ts')).execProbe(probe, around);
    case 'file':
      return (await import('./file.ts')).fileProbe(probe);
    case 'log':
    case 'sdk':
      return null;
  }
}

async function searchesOf(probe: ProbeRule): Promise<Searches | null> {
  if (probe.type !== 'log') return null;
  const { LineSearch } = await import('./line-search.ts');
  return { stdout: new LineSearch(probe.pattern), stderr: new LineSearch(probe.pattern) };
}
