// `ready: { exec }`: whether a command exits 0. It runs where and as its process does, but cannot speak for it; it and all it started
// are gone when the try is over.
import type { ProbeRule } from '../../plan/plan.ts';
import { shownCommand } from './shown-command.ts';
import type { ProbeSurroundings, Try } from './probe.ts';

export function execProbe(
  { argv }: Extract<ProbeRule, { type: 'exec' }>,
  { cwd, env, launcher }: ProbeSurroundings,
): Try {
  const shown = shownCommand(argv);
  return async (signal) => {
    const launched = await launcher.launch({ name: 'probe', argv, cwd, env, ...silent }, signal);
    if ('unwanted' in launched) return `${shown} was not started in time`;
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
