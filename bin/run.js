#!/usr/bin/env node
// The executable: answers `--version` and `--help` from text that is ready, and else takes the shortest way into src/verbs, for
// what scripts inside a run say, or src/commands. A reader that has gone (`| head -1`) is no error of ours.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const argv = process.argv.slice(2);
const early = argv[0] === 'run' ? listenEarly() : undefined;
const text = readyAnswer(argv);
if (text === null && /^(?:put|get|done|lock|output|ready|send|recv)$/.test(argv[0])) {
  await createRequire(import.meta.url)('../dist/verbs.cjs').main(argv);
} else if (text === null) {
  const { load } = createRequire(import.meta.url)('./load.cjs');
  await load(fileURLToPath(new URL('../dist', import.meta.url)), 'main').main(argv, early);
} else {
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}

/** A run that is interrupted before its code is loaded ends as any other: src/commands/interruption.ts asks what came. */
function listenEarly() {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  const came = [];
  const hear = (signal) => came.push(signal);
  for (const signal of signals) process.on(signal, hear);
  return { came, release: () => signals.forEach((signal) => process.off(signal, hear)) };
}

/** The build writes each command's help to dist/help; laying it out anew would take longer than printing it. */
function readyAnswer(words) {
  const [first, second] = words;
  if (words.length === 1 && (first === '--version' || first === '-V')) {
    return `forkline ${JSON.parse(read('package.json') ?? '{}').version}\n`;
  }
  if (words.length === 0 || (words.length === 1 && (first === 'help' || asksForHelp(first))))
    return read('dist/help/forkline.txt');
  if (words.length === 2 && asksForHelp(second) && /^[a-z]+$/.test(first)) return read(`dist/help/${first}.txt`);
  return null;
}

/** The word `help` behind a command is the name of a file, or of a queue. */
function asksForHelp(word) {
  return word === '--help' || word === '-h';
}

function read(file) {
  try {
    return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  } catch {
    return null;
  }
}
