// The command line's front: finds the command, and turns every way of ending into an exit code and a few words. Help is
// answered here and not by oclif, whose own would put the examples last.
import { handle } from './ending.ts';
import { Check } from './check.ts';
import { commandHelp, overview } from './help.ts';
import { type EarlySignals, keepEarly } from './interruption.ts';
import { writeLine } from './output.ts';
import { Plan } from './plan.ts';
import { Run } from './run.ts';
import { Schema } from './schema.ts';
import { CallError } from './call-error.ts';
import { nearest } from '../pipeline/suggest.ts';

/** By the word that calls them; the build writes the help of each. */
export const commands = { run: Run, check: Check, plan: Plan, schema: Schema };

/** `early` has listened for signals since the process began. */
export async function main(argv: readonly string[], early?: EarlySignals): Promise<void> {
  if (early) keepEarly(early);
  const exitCode = await handle(argv.includes('--json'), () => dispatch(argv));
  // Whatever is still open, the answer is out: nothing may keep the caller waiting.
  process.exit(exitCode);
}

/** Settles with the exit code. */
async function dispatch(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  if (name === '' || isHelp(name)) return print(helpFor(rest[0] ?? ''));
  if (wantsHelp(rest)) return print(helpFor(name));
  return new (commandOf(name))(rest).run();
}

export function helpFor(name: string): string {
  return name === '' ? overview(commands) : commandHelp(name, commandOf(name));
}

function commandOf(name: string): (typeof commands)[keyof typeof commands] {
  if (!Object.hasOwn(commands, name)) throw unknownCommand(name);
  return commands[name as keyof typeof commands];
}

function unknownCommand(name: string): CallError {
  const known = Object.keys(commands);
  const near = nearest(name, known);
  return new CallError(
    name.startsWith('-') ? `unknown flag \`${name}\`: a command comes first` : `unknown command \`${name}\``,
    near === undefined
      ? `the commands are ${known.map((command) => `\`${command}\``).join(', ')}`
      : `did you mean \`${near}\`?`,
  );
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function isHelp(word: string): boolean {
  return word === 'help' || word === '--help' || word === '-h';
}

function print(text: string): number {
  writeLine(text);
  return 0;
}
