// The run as plain lines: what children print goes to stdout, each line under its instance's name; what Forkline itself
// has to say goes to stderr, and at the end every failure is told once more with the last lines it wrote.
import { join } from 'node:path';
import { styleText } from 'node:util';
import type { Event, NodeEnded, NodeOutput, RunEnded } from '../run/event.ts';
import type { Plan } from '../plan/plan.ts';
import { count, describe, ended, duration, type Words } from './describe.ts';
import { Lines } from './lines.ts';
import type { Reporter } from './reporter.ts';
import type { Screen } from './screen.ts';
import { columnsOf, visible } from './visible.ts';

export interface PlainOptions {
  /** For what children print. */
  readonly out: Screen;
  /** For what Forkline says; the same one as `out` where both are one terminal. */
  readonly err: Screen;
  readonly volume: 'quiet' | 'normal' | 'verbose';
}

type Style = Parameters<typeof styleText>[0];

const names: readonly Style[] = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'cyanBright',
  'yellowBright',
  'magentaBright',
];
const widestName = 24;
const retoldFailures = 10;

export function plain(options: PlainOptions): Reporter {
  const view = new Plain(options);
  return {
    report: (event) => view.report(event),
    end: async () => {
      await Promise.all([options.out.end(), options.err.end()]);
    },
  };
}

class Plain {
  readonly #out: Screen;
  readonly #err: Screen;
  readonly #volume: PlainOptions['volume'];
  readonly #lines = new Map<string, { readonly prefix: string; readonly lines: Lines }>();
  readonly #failures: NodeEnded[] = [];
  /** Whose workers they are, of those that were heard of. */
  readonly #owners = new Map<string, string>();
  #plan: Plan | null = null;
  #runDir = '';
  #nameWidth = 0;

  constructor({ out, err, volume }: PlainOptions) {
    this.#out = out;
    this.#err = err;
    this.#volume = volume;
  }

  report(event: Event): void {
    switch (event.type) {
      case 'run.started':
        this.#plan = event.plan;
        this.#runDir = event.runDir;
        this.#nameWidth = widthOfNames(event.plan);
        break;
      case 'node.output':
        if (this.#volume !== 'quiet') this.#output(event);
        return;
      case 'node.ended':
        this.#flush(event.node);
        if (event.outcome === 'failed' || event.outcome === 'timed_out') this.#failures.push(event);
        break;
      case 'item.started':
        this.#owners.set(event.worker, event.node);
        break;
      case 'item.ended':
        this.#flush(event.worker);
        break;
      case 'run.ended':
        this.#result(event);
        return;
      default:
    }
    const words = describe(event);
    if (words && this.#isWorthSaying(words)) this.#say(words);
  }

  #isWorthSaying({ weight }: Words): boolean {
    if (this.#volume === 'verbose') return true;
    return weight === 'warning' || weight === 'failure' || (weight === 'note' && this.#volume === 'normal');
  }

  #say({ weight, text, more = [] }: Words): void {
    const style: Style = { detail: 'dim', note: 'bold', warning: 'yellow', failure: 'red' }[weight] as Style;
    this.#tell([text, ...more.map((line) => `  ${line}`)].map((line) => this.#own(visible(line), style)).join(''));
  }

  #tell(text: string): void {
    this.#err.write(text, true);
  }

  #own(text: string, style: Style): string {
    const line = `forkline: ${text}`;
    return `${this.#err.colour ? styleText(style, line, { validateStream: false }) : line}\n`;
  }

  #output({ node, stream, bytes }: NodeOutput): void {
    const key = `${stream} ${node}`;
    let source = this.#lines.get(key);
    if (!source) {
      source = { prefix: this.#prefix(node, stream), lines: new Lines() };
      this.#lines.set(key, source);
    }
    this.#show(source.prefix, source.lines.push(bytes));
  }

  /** What it wrote last, without an end of line. */
  #flush(node: string): void {
    for (const stream of ['stdout', 'stderr']) {
      const source = this.#lines.get(`${stream} ${node}`);
      if (source) this.#show(source.prefix, source.lines.end());
      this.#lines.delete(`${stream} ${node}`);
    }
  }

  #show(prefix: string, lines: readonly string[]): void {
    if (lines.length > 0) this.#out.write(lines.map((line) => `${prefix}${visible(line)}\n`).join(''));
  }

  /** `chef.1 | ` before a line of its stdout, `chef.1 ! ` before one of its stderr. */
  #prefix(node: string, stream: 'stdout' | 'stderr'): string {
    const name = node + ' '.repeat(Math.max(0, this.#nameWidth - columnsOf(node)));
    const prefix = `${name} ${stream === 'stdout' ? '|' : '!'}`;
    const owner = this.#owners.get(node) ?? node;
    const index = this.#plan?.nodes.findIndex(({ id }) => id === owner) ?? 0;
    const style = names[Math.max(0, index) % names.length] as Style;
    return `${this.#out.colour ? styleText(style, prefix, { validateStream: false }) : prefix} `;
  }

  #result({ exitCode, durationMs, reason }: RunEnded): void {
    if (this.#failures.length > 1 || this.#failures.some(({ stderrTail }) => stderrTail)) this.#retell();
    if (exitCode === 0 && this.#volume === 'quiet') return;
    const name = this.#plan?.name ?? 'the run';
    const text = `${visible(name)}: ${visible(reason)} (${duration(durationMs)})`;
    this.#tell(this.#own(text, exitCode === 0 ? 'green' : 'red'));
  }

  #retell(): void {
    for (const failure of this.#failures.slice(0, retoldFailures)) {
      this.#tell(`\n${this.#own(visible(ended(failure)), 'red')}`);
      const tail = (failure.stderrTail ?? '').replace(/\n$/, '').split('\n');
      if (failure.stderrTail) this.#tell(tail.map((line) => `    ${visible(line.slice(0, 2_000))}\n`).join(''));
      if (failure.exitcode !== null) this.#tell(`    log: ${join(this.#runDir, 'logs', `${failure.node}.log`)}\n`);
    }
    const more = this.#failures.length - retoldFailures;
    if (more > 0) this.#tell(`\n${this.#own(`and ${count(more, 'failure', 'failures')} more`, 'red')}`);
    this.#tell('\n');
  }
}

function widthOfNames({ nodes }: Plan): number {
  const widths = nodes.flatMap((node) => {
    if (node.kind !== 'process' && node.kind !== 'daemon') return [];
    return [columnsOf(node.id) + (node.each === null ? 0 : `.w${node.each.workers}`.length)];
  });
  return Math.min(
    widestName,
    widths.reduce((widest, width) => Math.max(widest, width), 0),
  );
}
