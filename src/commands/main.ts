// The command line's front: finds the command, and turns every way of ending into an exit code and a few words. Help is
// answered here and not by oclif, whose own would put the examples last.
import { handle } from './ending.ts';
import { Check } from './check.ts';
import { commandHelp, overview } from './help.ts';
import { type EarlySignals, keepEarly } from './interruption.ts';
import { leaveClosedTerminals, writeLine } from './output.ts';
import { Plan } from './plan.ts';
import { Run } from './run.ts';
import { Schema } from './schema.ts';
import { CallError } from './call-error.ts';
import { nearest } from '../pipeline/suggest.ts';
import { verbHelp, verbs } from '../verbs/help.ts';

/** By the word that calls them. */
const commands = { run: Run, check: Check, plan: Plan, schema: Schema };

/** Everything that `forkline` may be followed by. The verbs for scripts are not here but in src/verbs. */
export const names: readonly string[] = [...Object.keys(commands), ...Object.keys(verbs)];

/** `early` has listened for signals since the process began. */
export async function main(argv: readonly string[], early?: EarlySignals): Promise<void> {
  if (early) keepEarly(early);
  const exitCode = await handle(argv.includes('--json'), () => dispatch(argv));
  leaveClosedTerminals();
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

/** The build writes it down for each name. */
export function helpFor(name: string): string {
  if (name === '') return overview(commands, verbs);
  return Object.hasOwn(verbs, name) ? verbHelp(name) : commandHelp(name, commandOf(name));
}

function commandOf(name: string): (typeof commands)[keyof typeof commands] {
  if (!Object.hasOwn(commands, name)) throw unknownCommand(name);
  return commands[name as keyof typeof commands];
}

function unknownCommand(name: string): CallError {
  const near = nearest(name, names);
  const known = process.env['FORKLINE_PROCESS'] ? names : Object.keys(commands);
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
