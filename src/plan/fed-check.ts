// What becomes of items that were written to the stdin of a program which then fails: whether they can come back at all, where it says
// so; and where another attempt or another instance goes on, that they are lost, or are given out only so often.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import type { ProcessDeclaration, QueueDeclaration, Reference } from '../pipeline/pipeline.ts';
import { productOf } from './expand.ts';

export function checkFed(
  process: ProcessDeclaration,
  queues: ReadonlyMap<string, QueueDeclaration>,
  findings: Findings,
): void {
  const { stdin, name, again } = process;
  if (stdin.type !== 'queue') return;
  const queue = queues.get(stdin.queue.name);
  if (queue === undefined) return;
  const at = keyOf(stdin.queue.path.slice(0, -1));
  if (queue.delivery === 'at-most-once') {
    if (stdin.done === 'exit') complainOfTaken(stdin.queue, queue, findings);
    return;
  }
  if (stdin.done === 'exit') {
    const starts = (again?.attempts ?? 0) + 1;
    if (starts <= queue.attempts || queue.deadLetter !== null) return;
    const message = `\`${name}\` may be started ${starts} times, and an item of queue \`${queue.name}\` is given out ${queue.attempts} times at most: what it has not done by then is left over`;
    findings.warning('retry-loses-items', at, message, { hint: `say \`attempts: ${starts}\` there` });
    return;
  }
  const several = productOf(process) > 1;
  if (!several && again === null) return;
  const what = several ? 'has several instances' : 'is started again';
  findings.warning('retry-loses-items', at, `\`${name}\` ${what}, and what was written to one that failed is lost`, {
    hint: 'say `done: exit`, so that its items count as done only when it has succeeded',
  });
}

/** It would wait for what has happened already. */
function complainOfTaken(fed: Reference, { name, path }: QueueDeclaration, findings: Findings): void {
  const message = `an item of queue \`${name}\` is done when it is taken, whatever becomes of the process: \`done: exit\` does not go with \`delivery: at-most-once\``;
  findings.error('schema', keyOf([...fed.path.slice(0, -1), 'done']), message, {
    hint: 'take one of the two out',
    related: [{ message: 'its `delivery`', at: keyOf([...path, 'delivery']) }],
  });
}
