// Before a run: sweeps what earlier ones of this user left that were killed together with their keeper. A run that is alive is not touched,
// nor one of which that cannot be told from here (another container's).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { folderOfRuns, type Identity, identityIn, ownWorld, startTimeOf } from './private-folder.ts';

/** Answers whom it killed. */
export async function sweep(): Promise<readonly number[]> {
  const dead = foldersIn(folderOfRuns()).filter(({ identity }) => isDead(identity));
  if (dead.length === 0) return [];
  const { sweepAfter } = await import('./aftermath.ts');
  const killed = await Promise.all(dead.map(({ folder }) => sweepAfter(folder)));
  return killed.flat();
}

function foldersIn(parent: string): { readonly folder: string; readonly identity: Identity }[] {
  return namesIn(parent).flatMap((name) => {
    const identity = identityIn(name);
    return identity ? [{ folder: join(parent, name), identity }] : [];
  });
}

function isDead({ pid, startTime, namespace, boot }: Identity): boolean {
  const world = ownWorld();
  if (boot !== world.boot) return true;
  return namespace === world.namespace && startTimeOf(pid) !== startTime;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
