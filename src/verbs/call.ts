// How a verb is called: its words and flags, which every verb reads the same way, and what is wrong with a call.
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** The call is wrong: said with how it is right. */
export class WrongCall extends Error {}

/** Nothing failed, and the exit code says what came of it. */
export class Outcome extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.exitCode = exitCode;
  }
}

export const EXIT = {
  /** It was refused, or the run is gone. */
  FAILED: 1,
  WRONG_CALL: 2,
  /** There was no item, no room, or the lock was not free, in time. */
  NOT_NOW: 3,
  /** There will be no more: the stream has ended, or the other end of the pipe is closed. */
  ENDED: 4,
  /** There will be no more, because a producer failed. */
  BROKE: 5,
  /** Nobody is left who would take it. */
  NOBODY: 6,
} as const;

export const flags = {
  json: { type: 'boolean' },
  timeout: { type: 'string' },
  count: { type: 'string', short: 'n' },
  priority: { type: 'string' },
  side: { type: 'string' },
  read: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Name = keyof typeof flags;

export interface Call {
  readonly words: readonly string[];
  /** `--` stood among them: what follows is nothing but words. */
  readonly literal: boolean;
  readonly json: boolean;
  readonly read: boolean;
  /** Milliseconds; undefined: as long as it takes. */
  readonly timeout: number | undefined;
  readonly count: number | undefined;
  readonly priority: number | undefined;
  readonly side: 'left' | 'right' | undefined;
}

export function callOf(argv: readonly string[], allowed: readonly Name[]): Call {
  const options = Object.fromEntries(allowed.map((name) => [name, flags[name]])) as { [K in Name]: (typeof flags)[K] };
  let parsed;
  try {
    parsed = parseArgs({ args: withNegatives(argv), options, allowPositionals: true, tokens: true });
  } catch (error) {
    throw new WrongCall(inOurWords((error as Error).message));
  }
  const { values, positionals, tokens } = parsed;
  const { side } = values;
  if (side !== undefined && side !== 'left' && side !== 'right') throw new WrongCall('`--side` is `left` or `right`');
  return {
    words: positionals,
    literal: tokens.some(({ kind }) => kind === 'option-terminator'),
    json: values.json ?? false,
    read: values.read ?? false,
    timeout: values.timeout === undefined ? undefined : durationOf(values.timeout),
    count: values.count === undefined ? undefined : countOf(values.count),
    priority: values.priority === undefined ? undefined : numberOf(values.priority),
    side,
  };
}

/** Of what Node says, the first sentence. */
function inOurWords(message: string): string {
  const [first = ''] = message.split(/\.\s/);
  return `${first.charAt(0).toLowerCase()}${first.slice(1).replaceAll("'", '`')}`;
}

/** A number below 0 is no flag, though it begins like one. */
function withNegatives(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    const next = argv[at + 1];
    const flag = at + 1 < end ? NUMERIC[word] : undefined;
    if (flag !== undefined && next !== undefined && /^-(\.?\d|Infinity$)/.test(next)) {
      args.push(`${flag}=${next}`);
      at += 1;
    } else args.push(word);
  }
  return args;
}

const NUMERIC: Readonly<Record<string, string>> = {
  '--priority': '--priority',
  '--timeout': '--timeout',
  '--count': '--count',
  '-n': '--count',
};

/** As everywhere in a pipeline: a bare number is seconds. */
function durationOf(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined)
    throw new WrongCall(`\`--timeout ${text}\` is no duration, such as \`500ms\`, \`30s\` or \`5m\``);
  return Number(amount) * (UNITS[unit] ?? 1000);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new WrongCall(`\`-n ${text}\` is no number of items from 1`);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && !Number.isNaN(number)) return number;
  throw new WrongCall(`\`--priority ${text}\` is no number`);
}
