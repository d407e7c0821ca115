// `ready: { exec }`: whether a command exits 0. It runs where and as its process does, but cannot speak for it; it and all it started
// are gone when the try is over.
import type { ProbeRule } from '../../plan/plan.ts';
import type { ProbeSurroundings, Try } from './watch.ts';

export function execProbe(
  { argv }: Extract<ProbeRule, { type: 'exec' }>,
  { cwd, env, launcher }: ProbeSurroundings,
): Try {
  const shown = `\`${shorten(argv)}\``;
  return async (signal) => {
    const launched = await launcher.launch({ name: 'probe', argv, cwd, env, ...silent });
    if ('refused' in launched) return `${shown} cannot be run: ${launched.refused}`;
    const kill = (): void => launched.signal('SIGKILL', 'tree');
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    const { exitcode, signal: how } = await launched.exited;
    signal.removeEventListener('abort', kill);
    await launched.empty();
    if (exitcode === 0) return null;
    return how === null ? `${shown} exited with ${exitcode}` : `${shown} was ended by ${how}`;
  };
}

const silent = { stdin: { type: 'null' }, stdout: { type: 'null' }, stderr: { type: 'null' } } as const;

/** Of a shell, what it is told to do. */
function shorten(argv: readonly string[]): string {
  const [shell, , option, script] = argv;
  const text = shell === 'sh' && option === '-c' && script !== undefined ? script : argv.join(' ');
  const line = text.trim().replace(/\s*\n\s*/g, '; ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
