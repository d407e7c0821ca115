// Which reporters a run is told to, and where each of them writes.
import { createWriteStream } from 'node:fs';
import { json } from '../report/json.ts';
import { plain, type PlainOptions } from '../report/plain.ts';
import type { Reporter } from '../report/reporter.ts';
import { Screen } from '../report/screen.ts';
import { CallError } from './call-error.ts';

const names = ['plain', 'json'] as const;

export interface Wishes {
  /** `NAME` or `NAME=file`. */
  readonly reporters: readonly string[];
  readonly volume: PlainOptions['volume'];
}

export function openReporters({ reporters, volume }: Wishes): Reporter[] {
  const wishes = reporters.map(parse);
  const onStdout = wishes.filter(({ path }) => path === null).map(({ name }) => name);
  if (onStdout.length > 1)
    throw new CallError(
      'only one reporter can write to stdout',
      'give the others a file: `--reporter json=events.ndjson`',
    );
  return wishes.map(({ name, path }) => (path === null ? onScreen(name, volume) : inFile(name, path, volume)));
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

function onScreen(name: (typeof names)[number], volume: PlainOptions['volume']): Reporter {
  const err = new Screen(process.stderr);
  const onError = ({ message }: Error): void => err.write(`forkline: cannot write to standard output: ${message}\n`);
  if (name === 'json') return json(new Screen(process.stdout, { limit: 64 << 20, onError }));
  // One terminal for both: through one door, so that no line is torn by another.
  const oneTerminal = process.stdout.isTTY && process.stderr.isTTY;
  return plain({ out: oneTerminal ? err : new Screen(process.stdout, { onError }), err, volume });
}

function inFile(name: (typeof names)[number], path: string, volume: PlainOptions['volume']): Reporter {
  const screen = new Screen(createWriteStream(path), {
    limit: 64 << 20,
    onError: ({ message }) => process.stderr.write(`forkline: cannot write to \`${path}\`: ${message}\n`),
  });
  return name === 'json' ? json(screen) : plain({ out: screen, err: screen, volume });
}
