// `forkline put`, `get` and the like: what a shell script inside a run says, one command for each call. Loaded in place of the whole
// command line, because a script calls it again and again. Each has a session of its own, which says goodbye at its end; what was taken
// stays with the process that the script belongs to.
import { Lock } from '../sdk/lock.ts';
import { NotGranted } from '../sdk/errors.ts';
import { setOutput } from '../sdk/output.ts';
import { Pipe } from '../sdk/pipe.ts';
import { SENT } from '../sdk/producer.ts';
import { Queue, type Taken } from '../sdk/queue.ts';
import { sayReady } from '../sdk/ready.ts';
import { Session } from '../sdk/session.ts';
import { discount } from '../sdk/stillness.ts';
import type { WelcomeChannel, WelcomeLine, WelcomeQueue } from '../wire/message.ts';
import { type Call, callOf, EXIT, Outcome, WrongCall } from './call.ts';
import { itemOf, lineOf, linesOf, textOf } from './items.ts';
import { runHolding } from './holding.ts';
import { stdin } from './stdin.ts';
import { isFedByItsOwn } from './upstream.ts';

/** Each settles with an exit code. */
const verbs: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  put: (argv) => give(callOf(argv, ['json', 'timeout', 'priority', 'side']), 'queue'),
  send: (argv) => give(callOf(argv, ['json', 'timeout']), 'pipe'),
  get: (argv) => take(callOf(argv, ['json', 'timeout', 'count', 'side']), 'queue'),
  recv: (argv) => take(callOf(argv, ['json', 'timeout', 'count']), 'pipe'),
  done: (argv) => finish(callOf(argv, ['count'])),
  lock: holdLock,
  output: (argv) => setOutputs(callOf(argv, ['json'])),
  ready: (argv) => ready(callOf(argv, [])),
};

export async function main([name = '', ...argv]: readonly string[]): Promise<void> {
  process.exit(await attempt(name, argv));
}

async function attempt(name: string, argv: readonly string[]): Promise<number> {
  const verb = verbs[name];
  if (verb === undefined) return fail(EXIT.WRONG_CALL, `unknown command \`${name}\``);
  try {
    return await verb(argv);
  } catch (error) {
    if (error instanceof Outcome) return fail(error.exitCode, error.message);
    const { message, name: kind } = error as Error;
    if (error instanceof WrongCall)
      return fail(EXIT.WRONG_CALL, `${name}: ${message}; see \`forkline ${name} --help\``);
    const exitCode = codes[kind];
    // That there is nothing now, or nothing any more, is no failure of the call: the exit code says it.
    if (exitCode === EXIT.NOT_NOW || exitCode === EXIT.ENDED) return exitCode;
    return fail(exitCode ?? EXIT.FAILED, `${name}: ${message}`);
  }
}

const codes: Readonly<Record<string, number>> = {
  Empty: EXIT.NOT_NOW,
  Full: EXIT.NOT_NOW,
  LockTimeout: EXIT.NOT_NOW,
  QueueClosed: EXIT.ENDED,
  EndOfFile: EXIT.ENDED,
  PipeClosed: EXIT.ENDED,
  QueueAborted: EXIT.BROKE,
  BrokenQueue: EXIT.NOBODY,
  BrokenPipe: EXIT.NOBODY,
};

function fail(exitCode: number, message: string): number {
  if (message !== '') process.stderr.write(`forkline ${message}\n`);
  return exitCode;
}

// ── verbs ──

async function give({ words, literal, json, timeout, priority, side }: Call, kind: 'queue' | 'pipe'): Promise<number> {
  const [name, ...values] = words;
  if (name === undefined) throw new WrongCall(`the name of a ${kind} is missing`);
  const session = open();
  const line = await lineCalled(session, kind, name);
  const put =
    kind === 'queue'
      ? queueOf(session, name).put.bind(queueOf(session, name))
      : pipeOf(session, name).send.bind(pipeOf(session, name));
  // After `--` there may be no value at all: `put pages -- "$@"`.
  const fromStdin = !literal && (values.length === 0 || (values.length === 1 && values[0] === '-'));
  const items = fromStdin
    ? asItems(linesOf(stdin()), (bytes) => itemOf(bytes, line, json))
    : values.map((value) => itemOf(Buffer.from(value), line, json));
  let given = 0;
  let puts = false;
  if (fromStdin) {
    // While a put waits no line of stdin would make it go on.
    discount(process.stdin);
    session.restsOnItsOwn = () => !puts && isFedByItsOwn();
  }
  try {
    for await (const item of items) {
      puts = true;
      const on = put(item, { timeout, priority, side });
      if (on !== SENT) await on;
      puts = false;
      given += 1;
    }
  } catch (error) {
    // What was put before is to arrive.
    await session.part().catch(() => {});
    const verb = kind === 'queue' ? 'put' : 'send';
    throw stoppedAt(error as Error, { verb, given, fromStdin, meansText: !json && line.encoding === 'json' });
  }
  await session.part();
  return 0;
}

async function* asItems(lines: AsyncIterable<Buffer>, itemFrom: (line: Buffer) => unknown): AsyncGenerator {
  for await (const line of lines) yield itemFrom(line);
}

interface Stop {
  readonly verb: string;
  readonly given: number;
  readonly fromStdin: boolean;
  /** Its values are texts, on a channel of any JSON. */
  readonly meansText: boolean;
}

/** Says which value it was, where there are others, and what became of those. */
function stoppedAt(error: Error, { verb, given, fromStdin, meansText }: Stop): Error {
  const exitCode = codes[error.name];
  if (exitCode === EXIT.NOT_NOW && given > 0)
    return new Outcome(
      exitCode,
      `${verb}: there was room for the first ${given} only, in the time that \`--timeout\` gives`,
    );
  if (exitCode !== undefined) return error;
  if (fromStdin) error.message = `line ${given + 1} of stdin: ${error.message}`;
  if (error.name === 'ItemRefused' && meansText) error.message += '; without `--json` a value is text';
  return error;
}

async function take(call: Call, kind: 'queue' | 'pipe'): Promise<number> {
  const { words, json, timeout, count = 1, side } = call;
  const name = only(words, `the name of one ${kind}`);
  const session = open();
  const { delivery } = await lineCalled(session, kind, name);
  const next =
    kind === 'queue'
      ? (patience: { timeout?: number | undefined }) => queueOf(session, name).take({ ...patience, side })
      : async (patience: { timeout?: number | undefined }) => ({ value: await pipeOf(session, name).recv(patience) });
  const taken: (Pick<Taken<unknown>, 'value'> & Partial<Taken<unknown>>)[] = [await next({ timeout })];
  try {
    while (taken.length < count) taken.push(await next({ timeout: 0 }));
  } catch (error) {
    // What there is no more of now, the next call will hear.
    if (codes[(error as Error).name] === undefined) throw error;
  }
  const lines = taken.flatMap(({ value }) => [lineOf(value, json), Buffer.from('\n')]);
  const unread = await print(Buffer.concat(lines));
  if (unread === null) {
    await session.part();
    return 0;
  }
  // What is done when it is taken is gone all the same.
  const comesBack = delivery === 'at-least-once';
  if (comesBack) for (const { giveBack } of taken) giveBack?.();
  await session.part();
  const one = taken.length === 1;
  const what = one ? 'what it took' : `the ${taken.length} that it took`;
  const fate = comesBack ? 'went back' : `${one ? 'is' : 'are'} lost`;
  throw new Error(`its stdout cannot be written (${unread}): ${what} ${fate}`);
}

async function finish({ words, count = 0 }: Call): Promise<number> {
  const session = open();
  await session.confirm();
  const channels = session.welcome?.channels ?? [];
  const mine = channels.filter((channel): channel is WelcomeQueue => channel.kind === 'queue' && channel.gets);
  const names = words.length > 0 ? words : mine.map(({ name }) => name);
  for (const name of names) if (!mine.some((queue) => queue.name === name)) throw notGranted(session, 'get from', name);
  const meant = mine.filter(({ name }) => names.includes(name));
  let finished = 0;
  for (const { id } of meant) {
    const reply = await session.ask((request) => session.writer.finish(id, request, count));
    finished += (reply as { readonly count: number }).count;
  }
  await session.part();
  // What is done when it is taken may be said to be done, too.
  if (finished > 0 || meant.some(({ delivery }) => delivery === 'at-most-once')) return 0;
  const which = words.length > 0 ? ` of ${words.map((name) => `\`${name}\``).join(', ')}` : '';
  return fail(EXIT.FAILED, `done: \`${session.instance}\` holds nothing${which} that \`forkline get\` took`);
}

async function holdLock(argv: readonly string[]): Promise<number> {
  const end = argv.indexOf('--');
  const command = end === -1 ? [] : argv.slice(end + 1);
  const { words, timeout, read } = callOf(end === -1 ? argv : argv.slice(0, end), ['timeout', 'read']);
  const name = only(words, 'the name of one lock, then `--` and a command');
  if (command.length === 0) throw new WrongCall('`--` and a command are missing');
  const session = open();
  const lock = session.channel('lock', name, () => new Lock(session, name));
  const guard = await lock.acquire({ timeout, ...(read ? { mode: 'read' } : {}) });
  try {
    session.restsOnItsOwn = () => true;
    return await runHolding(command, session.descriptor);
  } finally {
    session.restsOnItsOwn = () => false;
    await guard.release();
    await session.part();
  }
}

async function setOutputs({ words, json }: Call): Promise<number> {
  if (words.length === 0) throw new WrongCall('`NAME=VALUE` is missing');
  const session = open();
  for (const word of words) {
    const at = word.indexOf('=');
    const name = at === -1 ? word : word.slice(0, at);
    if (name === '') throw new WrongCall(`\`${word}\` has no name, expected \`NAME=VALUE\``);
    const value = at === -1 ? await wholeStdin() : word.slice(at + 1);
    await setOutput(session, name, itemOf(Buffer.from(value), { name, encoding: 'json' }, json));
  }
  await session.part();
  return 0;
}

async function ready({ words }: Call): Promise<number> {
  if (words.length > 0) throw new WrongCall('it takes no words');
  // Where nobody listens, nobody waits for it.
  if (process.env['FORKLINE_PROCESS'] && !process.env['FORKLINE_SOCKET']) return 0;
  const session = open();
  await sayReady(session);
  await session.part();
  return 0;
}

// ── parts ──

function open(): Session {
  return new Session(process.env, { shell: true });
}

function queueOf(session: Session, name: string): Queue {
  return session.channel('queue', name, () => new Queue(session, name));
}

function pipeOf(session: Session, name: string): Pipe {
  return session.channel('pipe', name, () => new Pipe(session, name));
}

async function lineCalled(session: Session, kind: 'queue' | 'pipe', name: string): Promise<WelcomeLine> {
  await session.confirm();
  const isIt = (channel: WelcomeChannel) => channel.kind === kind && channel.name === name;
  const line = session.welcome?.channels.find(isIt);
  if (line === undefined || line.kind === 'lock') throw notGranted(session, `use ${kind}`, name);
  return line;
}

function notGranted({ instance, welcome }: Session, use: string, name: string): Error {
  const known = (welcome?.channels ?? []).map((channel) => `${channel.kind} \`${channel.name}\``).join(', ');
  return new NotGranted(
    `the pipeline does not let \`${instance}\` ${use} \`${name}\`: it may use ${known === '' ? 'no channel' : known}`,
  );
}

function only(words: readonly string[], what: string): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0) throw new WrongCall(`expected ${what}`);
  return word;
}

async function wholeStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin()) chunks.push(chunk as Buffer);
  return textOf(Buffer.concat(chunks)).replace(/\n$/, '');
}

/** Null, or why nobody can read it. */
function print(bytes: Buffer): Promise<string | null> {
  const codeOf = ({ code, message }: NodeJS.ErrnoException): string => code ?? message;
  return new Promise((resolve) => {
    process.stdout.once('error', (error) => resolve(codeOf(error)));
    process.stdout.write(bytes, (error) => resolve(error ? codeOf(error) : null));
  });
}
