// When something is ready, as it is written: exactly one probe, and how often and how long it is tried.
import type { Path } from './document.ts';
import type { Formula } from './formula.ts';
import type { Json } from './json.ts';
import type { ProbeDeclaration, ReadyDeclaration } from './pipeline.ts';
import type { Ready } from './schema.gen.ts';

type PlannedAt = (setting: readonly [Path, Json | undefined]) => Formula | null;

/** Null where it has none, or a broken one, which was said already. */
export function readyOf(
  [path, written]: readonly [Path, Ready | undefined],
  planned: PlannedAt,
): ReadyDeclaration | null {
  if (written === undefined) return null;
  const probe = probeOf(path, written, planned);
  if (probe === null) return null;
  const { interval, timeout } = written;
  return {
    path,
    probe,
    interval: planned([[...path, 'interval'], interval]),
    timeout: planned([[...path, 'timeout'], timeout]),
  };
}

function probeOf(path: Path, written: Ready, planned: PlannedAt): ProbeDeclaration | null {
  for (const type of ['log', 'http', 'tcp', 'exec', 'file'] as const) {
    const value = planned([[...path, type], (written as Partial<Record<typeof type, Json>>)[type]]);
    if (value === null) continue;
    if (type !== 'http') return { type, value };
    const { status } = written as { status?: number | number[] };
    return { type, value, statuses: status === undefined ? null : [status].flat() };
  }
  return 'sdk' in written && written.sdk ? { type: 'sdk' } : null;
}
