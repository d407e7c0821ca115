// How a command ends, in the one place that decides it: what it returned, a call that was wrong (2), or a mistake of ours (70).
// With --json the error is JSON too. Whoever reads may be gone: that is no error.
import { CLIError } from '@oclif/core/errors';
import { nearest } from '../pipeline/suggest.ts';
import { CallError } from './call-error.ts';
import { Interrupted, releaseEarly } from './interruption.ts';
import { flushed, writeLine } from './output.ts';

export async function handle(json: boolean, command: () => Promise<number>): Promise<number> {
  // oclif's own listener would throw what is not EPIPE: a full disk must not end a run.
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {});
  let exitCode: number;
  try {
    exitCode = await command();
  } catch (error) {
    exitCode = tell(error, json);
  }
  releaseEarly();
  await flushed();
  return exitCode;
}

function tell(error: unknown, json: boolean): number {
  if (error instanceof Interrupted) {
    if (json) writeJson({ kind: 'interrupted', message: error.message });
    else writeLine(`forkline: ${error.message}`, process.stderr);
    return error.exitCode;
  }
  const call = asCallError(error);
  if (call) {
    if (json)
      writeJson({ kind: 'call', message: call.message, ...(call.hint === undefined ? {} : { hint: call.hint }) });
    else writeLine(`forkline: ${call.message}${call.hint === undefined ? '' : `\n  ${call.hint}`}`, process.stderr);
    return 2;
  }
  const { message, stack = message } = error instanceof Error ? error : { message: String(error) };
  if (json) writeJson({ kind: 'internal', message });
  // Where a mistake of ours was made tells more than its message.
  else writeLine(`forkline: ${stack}`, process.stderr);
  return 70;
}

function writeJson(error: object): void {
  writeLine(JSON.stringify({ error }));
}

function asCallError(error: unknown): CallError | null {
  if (error instanceof CallError) return error;
  if (!(error instanceof CLIError)) return null;
  if ('flags' in error && 'parse' in error) return unknownFlag(error as NonExistentFlagsError);
  const [, flag, value, known] = /^Expected (--[\w-]+)=(.*) to be one of: (.+)/s.exec(error.message) ?? [];
  if (flag !== undefined) return unknownValue(flag, value ?? '', known?.split('\n')[0]?.split(', ') ?? []);
  const [first = '', ...more] = error.message.split('\n').filter((line) => !line.startsWith('See more help with'));
  return new CallError(first.charAt(0).toLowerCase() + first.slice(1), more.join('\n  ') || 'see `--help`');
}

type NonExistentFlagsError = CLIError & {
  readonly flags: readonly string[];
  readonly parse: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
};

function unknownValue(flag: string, value: string, known: readonly string[]): CallError {
  const near = nearest(value, known);
  const names = known.map((each) => `\`${each}\``);
  const all = names.length === 1 ? `it can only be ${names[0]}` : `it is one of ${names.join(', ')}`;
  return new CallError(`\`${flag} ${value}\` is not known`, near === undefined ? all : `did you mean \`${near}\`?`);
}

function unknownFlag({ flags, parse }: NonExistentFlagsError): CallError {
  const known = Object.keys(parse.input?.flags ?? {}).map((name) => `--${name}`);
  const near = nearest(flags[0] ?? '', known);
  const names = flags.map((flag) => `\`${flag}\``).join(', ');
  return new CallError(`unknown flag ${names}`, near === undefined ? 'see `--help`' : `did you mean \`${near}\`?`);
}
