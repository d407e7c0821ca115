// What a run stands on, where the keeper is lost.
import { expect, it, onTestFinished, vi } from 'vitest';
import { clearAfter } from '../../src/run/aftermath.ts';
import type { KeptLauncher } from '../../src/run/kept-launcher.ts';
import { Premises } from '../../src/run/premises.ts';

vi.mock('../../src/run/aftermath.ts', { spy: true });

it.runIf(process.platform === 'linux')('says what it could not look for, and waits for nobody any more', async () => {
  const told: string[] = [];
  const premises = new Premises({
    runId: `test-${process.pid}`,
    atMost: 'subreaper',
    inSession: false,
    onLost: () => told.push('lost'),
    onUncleared: (reason) => told.push(reason),
  });
  onTestFinished(() => premises.close());
  await premises.ready();
  const source = { type: 'null' } as const;
  const launched = await premises.launcher.launch({
    name: 'a',
    argv: ['sleep', '300'],
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    stdin: source,
    stdout: source,
    stderr: source,
  });
  if (!('pid' in launched)) throw new Error('it was not started');
  vi.mocked(clearAfter).mockRejectedValue(new Error('too many open files'));
  process.kill((premises.launcher as KeptLauncher).keeper.pid as number, 'SIGKILL');
  expect(await launched.exited).toMatchObject({ signal: 'SIGKILL' });
  expect(told).toEqual(['lost', 'too many open files']);
});
