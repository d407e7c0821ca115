// What each verb says of itself. No verb needs this to work, so it is loaded only when somebody asks.

interface VerbHelp {
  readonly summary: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly flags?: readonly (readonly [string, string])[];
  readonly more: readonly string[];
}

const timeout = [
  '--timeout DURATION',
  'how long to wait: `500ms`, `30s`, a bare number is seconds, 0: not at all',
] as const;
const json = (what: string) => ['--json', what] as const;

export const verbs: Readonly<Record<string, VerbHelp>> = {
  put: {
    summary: 'Puts items to a queue; for scripts inside a run.',
    usage: 'put QUEUE [VALUE…|-]',
    examples: ['forkline put pages https://example.org/', 'seq 100 | forkline put numbers -'],
    flags: [
      json('each value is JSON; without it, text'),
      timeout,
      ['--priority NUMBER', 'of a queue with `order: priority`'],
      ['--side left|right', 'of a queue with `order: deque`'],
    ],
    more: [
      'Without values, or with `-`, each line of stdin is one. After `--` every word is a value: `put pages -- "$@"`.',
      'Exit codes: 0 the queue has all of them, 3 there was no room in time, 6 nobody is left who takes them.',
    ],
  },
  get: {
    summary: 'Takes items from a queue and prints them, a line each; for scripts inside a run.',
    usage: 'get QUEUE',
    examples: ['while item=$(forkline get pages); do fetch "$item"; forkline done pages; done'],
    flags: [
      ['-n, --count N', 'at most so many: waits for the first, and takes what else is there'],
      timeout,
      json('prints each as JSON; without it, texts as they are'),
      ['--side left|right', 'of a queue with `order: deque`'],
    ],
    more: [
      'What was taken belongs to the process of the script, until `forkline done` or its end.',
      'Exit codes: 0 something was taken, 3 nothing came in time, 4 the stream has ended, 5 it broke off (and the process has failed).',
    ],
  },
  done: {
    summary: 'Says that what `forkline get` took is done; for scripts inside a run.',
    usage: 'done [QUEUE…]',
    examples: ['forkline done', 'forkline done pages -n 1'],
    flags: [['-n, --count N', 'only the oldest N']],
    more: ['Without a queue, of every queue that the process may get from. Where nothing is held, that is an error.'],
  },
  lock: {
    summary: 'Runs a command while holding a lock; for scripts inside a run.',
    usage: 'lock NAME [FLAGS] -- COMMAND…',
    examples: ['forkline lock ledger -- ./book.sh 12'],
    flags: [timeout, ['--read', 'of a lock of `kind: rw`: beside other readers']],
    more: [
      'Exit codes: that of the command (128 and the number of a signal that ended it), 3 where the lock was not free in time.',
    ],
  },
  output: {
    summary: 'Sets outputs of the process, for those who need it; for scripts inside a run.',
    usage: 'output NAME=VALUE…',
    examples: ['forkline output version=1.2.3', 'git log -1 --format=%B | forkline output message'],
    flags: [json('each value is JSON; without it, text')],
    more: ['A name alone takes its value from stdin, without the last line break.'],
  },
  ready: {
    summary: 'Says that the process is ready, for `ready: { sdk: true }`; for scripts inside a run.',
    usage: 'ready',
    examples: ['forkline ready'],
    more: [],
  },
  send: {
    summary: 'Sends messages through a pipe; for scripts inside a run.',
    usage: 'send PIPE [VALUE…|-]',
    examples: ['forkline send line "how many?"'],
    flags: [json('each value is JSON; without it, text'), timeout],
    more: [
      'Without values, or with `-`, each line of stdin is one. After `--` every word is a value. The end stays open.',
      'Exit codes: 0 all are on their way, 3 there was no room in time, 6 the other end is closed.',
    ],
  },
  recv: {
    summary: 'Receives messages from a pipe and prints them, a line each; for scripts inside a run.',
    usage: 'recv PIPE',
    examples: ['answer=$(forkline recv line)'],
    flags: [
      ['-n, --count N', 'at most so many: waits for the first, and takes what else is there'],
      timeout,
      json('prints each as JSON; without it, texts as they are'),
    ],
    more: ['Exit codes: 0 something was received, 3 nothing came in time, 4 the other end is closed.'],
  },
};

export function verbHelp(name: string): string {
  const help = verbs[name];
  if (help === undefined) throw new Error(`Internal error: no verb ${name}`);
  const { summary, usage, examples, flags = [], more } = help;
  const rows = [...flags, ['-h, --help', 'this help'] as const];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    summary,
    ['Examples', ...examples.map((example) => `  $ ${example}`)].join('\n'),
    `Usage\n  $ forkline ${usage}${flags.length > 0 && !usage.includes('[FLAGS]') ? ' [FLAGS]' : ''}`,
    ['Flags', ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)].join('\n'),
    ...(more.length > 0 ? [more.join('\n')] : []),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}
