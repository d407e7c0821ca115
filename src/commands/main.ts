// The command line's front: finds the command, and turns every way of ending into an exit code and a few words. Help is
// answered here and not by oclif, whose own would put the examples last.
import { handle } from './ending.ts';
import { Check } from './check.ts';
import { commandHelp, overview } from './help.ts';
import { writeLine } from './output.ts';
import { Plan } from './plan.ts';
import { Run } from './run.ts';
import { Schema } from './schema.ts';
import { CallError } from './call-error.ts';
import { run as oclif } from '@oclif/core/run';
import { nearest } from '../pipeline/suggest.ts';
import { home } from '../home.ts';

/** What oclif finds by the name in package.json, and what the build writes the help of. */
export const commands = { run: Run, check: Check, plan: Plan, schema: Schema };

export async function main(argv: readonly string[]): Promise<void> {
  const exitCode = await handle(argv.includes('--json'), () => dispatch(argv));
  // Whatever is still open, the answer is out: nothing may keep the caller waiting.
  process.exit(exitCode);
}

/** Settles with the exit code. */
async function dispatch(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  if (name === '' || isHelp(name)) return print(helpFor(rest[0] ?? ''));
  if (wantsHelp(rest)) return print(helpFor(name));
  if (!Object.hasOwn(commands, name)) throw unknownCommand(name);
  return (await oclif([...argv], { root: home.root })) as number;
}

export function helpFor(name: string): string {
  if (name === '') return overview(commands);
  const command = Object.hasOwn(commands, name) ? commands[name as keyof typeof commands] : undefined;
  if (!command) throw unknownCommand(name);
  return commandHelp(name, command);
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
