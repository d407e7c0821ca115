// One lock as it is declared, and what is said about it that does not go together.
import { type Findings, keyOf } from './finding.ts';
import type { LockDeclaration } from './pipeline.ts';
import type { Lock } from './schema.gen.ts';

export function readLock(name: string, lock: Lock, findings: Findings, platform = process.platform): LockDeclaration {
  const path = ['locks', name];
  const written = lock ?? {};
  const permits = written.permits ?? 1;
  const declaration: LockDeclaration = {
    name,
    path,
    kind: written.kind === 'rw' ? 'rw' : permits > 1 ? 'semaphore' : 'mutex',
    permits,
    reentrant: written.reentrant ?? false,
    owned: written.owned ?? true,
    scope: written.scope ?? 'run',
    strict: written.fair === 'strict',
    external: written.external ?? false,
  };
  const contradiction = contradictionIn(declaration, written.kind === 'mutex');
  if (contradiction !== null) {
    const { key, message, hint } = contradiction;
    findings.error('lock-kind', keyOf([...path, key]), message, { hint });
  }
  if (declaration.scope === 'host' && platform !== 'linux') {
    findings.error('linux-only', keyOf([...path, 'scope']), '`scope: host` works on Linux only', {
      hint: 'take it out: then it is shared among the processes of one run',
    });
  }
  return declaration;
}

interface Contradiction {
  readonly key: string;
  readonly message: string;
  readonly hint: string;
}

function contradictionIn(
  { kind, permits, reentrant, owned, scope }: LockDeclaration,
  saysMutex: boolean,
): Contradiction | null {
  const ofMany = kind === 'rw' ? '`kind: rw`' : permits > 1 ? `\`permits: ${permits}\`` : null;
  if (saysMutex && permits > 1) {
    const hint = 'take `kind` out, for a lock of several permits is a semaphore; or `permits`, for a mutex has one';
    return { key: 'permits', message: `\`permits: ${permits}\` does not go with \`kind: mutex\``, hint };
  }
  if (kind === 'rw' && permits > 1) {
    const hint = 'take `permits` out: any number may read at once, and one writes';
    return { key: 'permits', message: '`permits` does not go with `kind: rw`', hint };
  }
  if (reentrant && ofMany !== null) {
    const hint = 'a reentrant lock has one owner, who may take it again';
    return { key: 'reentrant', message: `\`reentrant\` does not go with ${ofMany}`, hint };
  }
  if (!owned && kind === 'rw') {
    const hint = 'only who reads or writes knows when that is over: take `owned: false` out';
    return { key: 'owned', message: '`owned: false` does not go with `kind: rw`', hint };
  }
  if (!owned && reentrant) {
    const hint = 'a lock that its owner may take again needs an owner: take one of the two out';
    return { key: 'owned', message: '`owned: false` does not go with `reentrant`', hint };
  }
  if (scope === 'host' && ofMany !== null) {
    const hint = 'what is shared between runs is held by one at a time';
    return { key: 'scope', message: `\`scope: host\` does not go with ${ofMany}`, hint };
  }
  return null;
}
