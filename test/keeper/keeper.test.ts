// A keeper by itself, without a run around it, that is told things which in a run come at another time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Keeper } from '../../src/keeper/keeper.ts';
import { keepers, programOf } from '../kit/keepers.ts';

function keeperIn(folder: string, name: string): Keeper {
  const keeper = new Keeper({
    program: programOf(name),
    runId: 'test',
    folder,
    allowed: 'subreaper',
    onLost: () => {},
  });
  onTestFinished(async () => void (await keeper.end()));
  return keeper;
}

function someFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe.runIf(process.platform === 'linux').each(keepers)('the %s keeper', (name) => {
  it('ends where it is told to before it has found out what it can do', async () => {
    await expect(keeperIn(someFolder(), name).end()).resolves.toBeDefined();
  });
});
