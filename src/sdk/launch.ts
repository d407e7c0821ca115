// Runs a function or a class of a compiled module as a process of its own:
//     node --enable-source-maps launch.js MODULE EXPORT '{"args":[],"kwargs":{}}'     (or @FILE that holds this JSON)
// Ends as a program would: 1 after an error, with its stack; 13 when it waits for what can never come; by the signal
// that told it to stop, but not before the broker has all that was put.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inspect, types } from 'node:util';
import { leaveAll } from './ending.ts';

const NEVER_SETTLED = 13;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const [module = '', name = '', call = '{}'] = process.argv.slice(2);
process.argv = [process.execPath, module];
for (const signal of SIGNALS) process.on(signal, stopBy);
process.once('beforeExit', neverSettled);
main().then(
  () => process.off('beforeExit', neverSettled),
  (error) => fail(`${stackOf(error)}\n`, 1),
);

async function main(): Promise<void> {
  const { args = [], kwargs = {} } = JSON.parse(call.startsWith('@') ? readFileSync(call.slice(1), 'utf8') : call);
  const target = find(await import(pathToFileURL(module).href));
  const given = Object.keys(kwargs).length === 0 ? args : [...args, kwargs];
  const result = await (isClass(target) ? new target(...given).run() : target(...given));
  // Its body has not begun. That must not look like a success, and what it yields has nowhere to go.
  if (types.isGeneratorObject(result)) {
    throw new Refusal(
      `\`${name}\` returned a generator, which runs only while something loops over it: ` +
        'as the target, name a function that does',
    );
  }
}

type Target = ((...args: unknown[]) => unknown) | RunnableClass;
type RunnableClass = new (...args: unknown[]) => { run(): unknown };

function find(module: Readonly<Record<string, unknown>>): Target {
  // What a CommonJS module exports has become its default.
  const exports: Readonly<Record<string, unknown>> = { ...Object(module['default']), ...module };
  const target = exports[name];
  if (typeof target !== 'function') {
    const callable = Object.keys(exports).filter((key) => typeof exports[key] === 'function');
    const there = callable.length === 0 ? 'no function or class' : callable.map((key) => `\`${key}\``).join(', ');
    throw new Refusal(
      target === undefined
        ? `the target has no export \`${name}\`: it exports ${there}`
        : `the export \`${name}\` is ${typeof target}, and a function or a class was expected: it exports ${there}`,
    );
  }
  if (/^class\b/.test(Function.prototype.toString.call(target)) && !isClass(target as Target)) {
    throw new Refusal(`the class \`${name}\` has no method \`run\``);
  }
  return target as Target;
}

function isClass(target: Target): target is RunnableClass {
  return typeof target.prototype?.run === 'function';
}

/** What the one who wrote the pipeline did wrong, as far as it shows only here: a stack would say nothing. */
class Refusal extends Error {}

function stackOf(error: unknown): string {
  if (error instanceof Refusal) return `forkline: ${error.message}`;
  hideOurLines(error);
  return inspect(error);
}

/** A stack ends where the program's own lines end. */
function hideOurLines(error: unknown): void {
  if (!(error instanceof Error) || error.stack === undefined) return;
  const lines = error.stack.split('\n');
  error.stack = lines.filter((line) => !OURS.some((place) => line.includes(place))).join('\n');
  hideOurLines(error.cause);
}

/** This file in a stack, without and with its source map. */
const OURS = [`${import.meta.url}:`, 'src/sdk/launch.ts:'];

function neverSettled(): void {
  fail(
    `forkline: \`${name}\` waits for something that can never come: nothing is left that could settle its promise\n`,
    NEVER_SETTLED,
  );
}

/** Ends with what has been written so far, which process.exit alone would cut short. */
function fail(message: string, code: number): void {
  process.off('beforeExit', neverSettled);
  process.exitCode = code;
  process.stderr.write(message, () => process.stdout.write('', () => process.exit(code)));
}

/** Dies by the signal as if nobody had caught it, unless the program catches it itself. */
function stopBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  leaveAll('stopped');
  process.off(signal, stopBy);
  process.kill(process.pid, signal);
}
