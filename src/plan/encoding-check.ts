// Who cannot speak a queue's `encoding`: what Python pickles only Python reads, and bytes are no JSON. A program that is
// started by `run` or `command` may be anything; it is told by its SDK.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { queuesOf } from '../pipeline/names.ts';
import type { ProcessDeclaration, QueueDeclaration, Reference } from '../pipeline/pipeline.ts';
import type { ProcessNode } from './plan.ts';

/** `nodes` are the instances of `process`. */
export function checkEncodings(
  process: ProcessDeclaration,
  nodes: readonly ProcessNode[],
  queues: ReadonlyMap<string, QueueDeclaration>,
  findings: Findings,
): void {
  const isJavaScript = nodes.some(({ launch }) => launch.type === 'target' && launch.language === 'javascript');
  const wired = new Set<Reference>();
  for (const stream of ['stdin', 'stdout', 'stderr'] as const) {
    const wiring = process[stream];
    if (wiring.type !== 'queue') continue;
    wired.add(wiring.queue);
    const queue = queues.get(wiring.queue.name);
    if (queue?.encoding === 'pickle') {
      const message = `queue \`${queue.name}\` carries what Python pickles, which are no lines for \`${stream}\``;
      complain(wiring.queue, queue, message, 'say `encoding: text` or `json` there', findings);
    } else if (queue?.encoding === 'bytes' && wiring.format === 'json') {
      const at = keyOf([...process.path, stream, 'format']);
      findings.error('wrong-encoding', at, `queue \`${queue.name}\` carries bytes, which are no JSON`, {
        hint: 'leave `format` out: each line is then the bytes of an item',
        related: [declared(queue)],
      });
    }
  }
  if (!isJavaScript) return;
  for (const reference of queuesOf(process)) {
    const queue = queues.get(reference.name);
    if (queue?.encoding !== 'pickle' || wired.has(reference)) continue;
    const message = `\`${process.name}\` is JavaScript, and queue \`${queue.name}\` carries what Python pickles`;
    complain(reference, queue, message, 'say `encoding: json` there, or make it a Python target', findings);
  }
}

function complain(
  reference: Reference,
  queue: QueueDeclaration,
  message: string,
  hint: string,
  findings: Findings,
): void {
  findings.error('wrong-encoding', placeOf(reference), message, { hint, related: [declared(queue)] });
}

function declared({ path }: QueueDeclaration) {
  return { message: 'its encoding', at: keyOf([...path, 'encoding']) };
}
