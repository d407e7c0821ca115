// Which reporters a run is told to, and where each of them writes.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { json, missingEvents } from '../report/json.ts';
import { plain, type PlainOptions } from '../report/plain.ts';
import type { Reporter } from '../report/reporter.ts';
import { droppedLines, Screen } from '../report/screen.ts';
import type { Event } from '../run/event.ts';
import { CallError, reasonOf } from './call-error.ts';
import { writeLine } from './output.ts';

const names = ['plain', 'json'] as const;

export interface Wishes {
  /** `NAME` or `NAME=file`. */
  readonly reporters: readonly string[];
  readonly volume: PlainOptions['volume'];
}

export interface Reporters {
  report(event: Event): void;
  /** Settles when all they wrote is out, or nobody reads it. */
  end(): Promise<unknown>;
  /** Something that was to be kept (in a file, on stdout) could not be written. */
  readonly failed: boolean;
}

/** Rejects where a file cannot be opened. */
export async function openReporters({ reporters, volume }: Wishes): Promise<Reporters> {
  const wishes = reporters.map(parse);
  const onStdout = wishes.filter(({ path }) => path === null).map(({ name }) => name);
  if (onStdout.length > 1)
    throw new CallError(
      'only one reporter can write to stdout',
      'give the others a file: `--reporter json=events.ndjson`',
    );
  const opened = await Promise.all(
    wishes.map(({ name, path }) => (path === null ? onScreen(name, volume) : inFile(name, path, volume))),
  );
  /** The process that has the terminal, and whose screen it is meanwhile. */
  let holder: string | null = null;
  const hold = (node: string): void => {
    holder = node;
    for (const { screens } of opened) for (const screen of screens) screen.hold();
  };
  const release = (): void => {
    holder = null;
    for (const { screens } of opened) for (const screen of screens) screen.release();
  };
  return {
    report: (event) => {
      if (event.type === 'node.ended' && event.node === holder) release();
      for (const { reporter } of opened) reporter.report(event);
      if (event.type === 'node.started' && event.terminal) hold(event.node);
    },
    end: () => Promise.all(opened.map(({ reporter }) => reporter.end())),
    get failed() {
      return opened.some(({ out }) => out.failed);
    },
  };
}

/** `out`: what is to be whole. */
interface Opened {
  readonly reporter: Reporter;
  readonly out: Screen;
  readonly screens: readonly Screen[];
}

function parse(wish: string): { name: (typeof names)[number]; path: string | null } {
  const end = wish.indexOf('=');
  const name = names.find((known) => known === (end === -1 ? wish : wish.slice(0, end)));
  if (name === undefined)
    throw new CallError(
      `unknown reporter \`${wish}\``,
      `the reporters are ${names.map((known) => `\`${known}\``).join(' and ')}`,
    );
  return { name, path: end === -1 ? null : wish.slice(end + 1) };
}

async function onScreen(name: (typeof names)[number], volume: PlainOptions['volume']): Promise<Opened> {
  const err = new Screen(process.stderr);
  const onError = ({ message }: Error): void => err.write(`forkline: cannot write to standard output: ${message}\n`);
  if (name === 'json') return asJson(new Screen(process.stdout, { ...forEvents, onError }));
  // One terminal for both: through one door, so that no line is torn by another.
  const oneTerminal = process.stdout.isTTY && process.stderr.isTTY;
  const out = oneTerminal ? err : new Screen(process.stdout, { onError });
  return { reporter: plain({ out, err, volume }), out, screens: [out, err] };
}

async function inFile(name: (typeof names)[number], path: string, volume: PlainOptions['volume']): Promise<Opened> {
  const stream = createWriteStream(path);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new CallError(`cannot write to \`${path}\`: ${reasonOf(error)}`);
  }
  const onError = ({ message }: Error): void =>
    writeLine(`forkline: cannot write to \`${path}\`: ${message}`, process.stderr);
  if (name === 'json') return asJson(new Screen(stream, { ...forEvents, onError }));
  const out = new Screen(stream, { ...forEvents, note: droppedLines, onError });
  return { reporter: plain({ out, err: out, volume }), out, screens: [] };
}

const forEvents = { limit: 64 << 20, note: missingEvents };

function asJson(out: Screen): Opened {
  return { reporter: json(out), out, screens: [out] };
}
