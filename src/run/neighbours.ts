// What a process has to know of those that pipes join it to, before it can be judged. Its *source* writes its stdin, its *sink*
// reads its stdout. Where the source fails, what came of it is not the whole, and this process has failed too; where the sink
// has had enough, SIGPIPE is how this one learns of it, and no failure.
//
// Nobody waits in a circle: who was ended by SIGPIPE waits for its sink, and a sink never waits for such a source.
import type { ProcessNode } from '../plan/plan.ts';
import type { Outcome } from './event.ts';

/** How one came out, as to those that a pipe joins it to. */
export type Report =
  /** The source has exited; `brokenPipe`: because nobody read any more. */
  | { readonly from: 'source'; readonly is: 'exited'; readonly brokenPipe: boolean }
  /** It still runs, but will have failed, because its own input broke off. */
  | { readonly from: 'source'; readonly is: 'doomed' }
  /** It has ended for good. `whole`: what it wrote is all there is. */
  | { readonly from: 'source'; readonly is: 'ended'; readonly whole: boolean; readonly failed: boolean }
  | { readonly from: 'sink'; readonly is: 'ended'; readonly outcome: Outcome; readonly succeeded: boolean };

/** What was seen of the pipes when a process exited. */
export interface Seen {
  /** The source could still have written to it. */
  readonly sourceHolds: boolean;
  /** The sink could still have read from it. */
  readonly sinkHolds: boolean;
}

export class Neighbours {
  readonly #codes: readonly number[];
  #source: 'none' | 'open' | 'exited' | 'whole' | 'broken' | 'failed';
  #sink: 'none' | 'open' | Extract<Report, { from: 'sink' }>;
  /** It ended without having been told the end of its input, and so by its own choice. */
  #hadEnough = false;
  #doomed = false;
  /** It was ended by SIGPIPE, or what a shell makes of that, because its sink did not read any more. */
  brokenPipe = false;

  constructor({ stdin, stdout, successExitCodes }: Pick<ProcessNode, 'stdin' | 'stdout' | 'successExitCodes'>) {
    this.#codes = successExitCodes;
    this.#source = stdin.type === 'process' ? 'open' : 'none';
    this.#sink = stdout.type === 'process' ? 'open' : 'none';
  }

  exited(exitcode: number, { sourceHolds, sinkHolds }: Seen): void {
    this.#hadEnough = this.#source === 'open' && sourceHolds;
    this.brokenPipe = this.#sink !== 'none' && !sinkHolds && isBrokenPipe(exitcode) && !this.#codes.includes(exitcode);
  }

  heard(report: Report): void {
    if (report.from === 'sink') this.#sink = report;
    else if (report.is === 'exited') {
      if (this.#source === 'open') this.#source = report.brokenPipe ? 'whole' : 'exited';
    } else if (report.is === 'doomed') this.#doomed = true;
    else this.#source = report.whole ? 'whole' : report.failed ? 'failed' : 'broken';
  }

  /** `fine`: it is a success as far as itself goes. Whether that is all there is to know. */
  awaited(fine: boolean): boolean {
    if (this.brokenPipe && this.#sink === 'open') return true;
    if (!fine && !this.sinkSucceeded) return false;
    return !this.#hadEnough && (this.#source === 'open' || this.#source === 'exited');
  }

  /** Its input was not the whole: `failed`, or its source was stopped with the run. */
  get broken(): 'failed' | 'stopped' | null {
    if (this.#hadEnough) return null;
    if (this.#source === 'failed' || (this.#doomed && this.#source !== 'whole')) return 'failed';
    return this.#source === 'broken' ? 'stopped' : null;
  }

  /** It has a source, and was told all of it and the end. */
  get toldEnd(): boolean | null {
    return this.#source === 'none' ? null : this.#source === 'whole';
  }

  /** SIGPIPE ended it, and whoever read it has succeeded. */
  get sinkSucceeded(): boolean {
    return this.brokenPipe && typeof this.#sink === 'object' && this.#sink.succeeded;
  }

  /** SIGPIPE ended it because its sink ended otherwise, in this way. */
  get sinkOutcome(): 'terminated' | 'stopped' | 'failed' | null {
    if (!this.brokenPipe || typeof this.#sink !== 'object' || this.#sink.succeeded) return null;
    const { outcome } = this.#sink;
    return outcome === 'terminated' || outcome === 'stopped' ? outcome : 'failed';
  }
}

export function isBrokenPipe(exitcode: number): boolean {
  return exitcode === -13 || exitcode === 141;
}
