// What does not go with `each`: it is many processes, one after the other and beside each other, and the runner takes for them.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { Path } from '../pipeline/places.ts';
import type { Pipeline, ProcessDeclaration, QueueDeclaration } from '../pipeline/pipeline.ts';

export function checkEach({ processes, queues }: Pipeline, findings: Findings): void {
  const byName = new Map(queues.map((queue) => [queue.name, queue]));
  for (const process of processes) {
    if (process.each === null) continue;
    checkKeys(process, findings);
    checkWorkers(process, findings);
    const queue = byName.get(process.each.name);
    if (queue !== undefined) checkQueue(process, queue, findings);
  }
}

function checkKeys({ name, path, stdin, gets, outputs, ready, each }: ProcessDeclaration, findings: Findings): void {
  if (each === null) return;
  const related = [{ message: 'it runs once for every item of this queue', at: placeOf(each) }];
  const refuse = (key: string, message: string, hint: string): void =>
    findings.error('each-conflict', keyOf([...path, key] as Path), message, { hint, related });
  if (stdin.type !== 'null')
    refuse('stdin', `\`${name}\` has its item on its stdin, and nothing else`, 'take `stdin` out, or take `each` out');
  if (gets.length > 0)
    refuse('gets', `\`${name}\` is given its items, and takes none by itself`, 'take it out: `each` names the queue');
  if (outputs.length > 0)
    refuse(
      'outputs',
      `\`${name}\` is many processes, and an output has one value`,
      'put what comes of an item to a queue',
    );
  if (ready !== null)
    refuse('ready', `\`${name}\` is many processes, and none of them is what others wait for`, 'take it out');
}

function checkWorkers({ name, path, workers }: ProcessDeclaration, findings: Findings): void {
  if (workers <= MOST_WORKERS) return;
  findings.error('too-many', keyOf([...path, 'workers']), `\`${name}\` would work on ${workers} items at once`, {
    hint: `that is as many processes; at most ${MOST_WORKERS} are possible`,
  });
}

function checkQueue({ each }: ProcessDeclaration, queue: QueueDeclaration, findings: Findings): void {
  if (each === null) return;
  const { name, encoding, path } = queue;
  if (encoding === 'pickle') {
    findings.error('wrong-encoding', placeOf(each), `queue \`${name}\` carries what Python pickles, which is no text`, {
      hint: 'say `encoding: text` or `json` there',
      related: [{ message: 'its encoding', at: keyOf([...path, 'encoding']) }],
    });
  }
}

const MOST_WORKERS = 10_000;
