// `dead_letter`: that anything can die, that the queue it names can take what comes, and that nothing that is dead comes back to where it died: the
// one queue would wait for the end of the other for ever.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import type { QueueDeclaration, Reference } from '../pipeline/pipeline.ts';
import type { Graph, QueueUse } from './graph.ts';

export function checkDeadLetters({ queues }: Graph, findings: Findings): void {
  const byName = new Map(queues.map((use) => [use.declaration.name, use]));
  const steps = new Steps(queues);
  for (const { declaration } of queues) {
    const { deadLetter } = declaration;
    if (deadLetter !== null && declaration.delivery === 'at-most-once')
      complainOfImmortals(declaration, deadLetter, findings);
    const grave = deadLetter === null ? undefined : byName.get(deadLetter.name);
    if (deadLetter === null || grave === undefined) continue;
    checkGrave(declaration, deadLetter, grave.declaration, findings);
    const way = steps.from(grave.declaration.name, declaration.name);
    if (way !== null) complainOfLoop(declaration, deadLetter, way, findings);
  }
}

function complainOfImmortals({ name, path }: QueueDeclaration, deadLetter: Reference, findings: Findings): void {
  const message = `an item of queue \`${name}\` is done when it is taken, so none ever becomes a dead letter`;
  findings.error('dead-letter', placeOf(deadLetter), message, {
    hint: 'take `delivery: at-most-once` out, or `dead_letter`',
    related: [{ message: 'that is said here', at: keyOf([...path, 'delivery']) }],
  });
}

function checkGrave(from: QueueDeclaration, reference: Reference, grave: QueueDeclaration, findings: Findings): void {
  const related = [{ message: `\`${from.name}\` names it as its \`dead_letter\``, at: placeOf(reference) }];
  const refuse = (key: string, message: string, hint: string): void =>
    findings.error('dead-letter', keyOf([...grave.path, key]), message, { hint, related });
  if (grave.encoding !== from.encoding) {
    findings.error(
      'wrong-encoding',
      placeOf(reference),
      `queue \`${grave.name}\` has \`encoding: ${grave.encoding}\`, and \`${from.name}\` has \`${from.encoding}\``,
      { hint: 'dead letters are what they were: give both queues the same `encoding`' },
    );
  }
  if (grave.item !== null) {
    refuse('item', `dead letters come to queue \`${grave.name}\` as they are, whatever its \`item\``, 'take it out');
  }
  if (grave.maxsize !== 0) {
    const message = `dead letters come to queue \`${grave.name}\` however many wait there, whatever its \`maxsize\``;
    refuse('maxsize', message, 'take it out');
  }
  if (grave.overflow !== 'block') {
    refuse('overflow', `dead letters come to queue \`${grave.name}\` whatever its \`overflow\``, 'take it out');
  }
}

function complainOfLoop(
  from: QueueDeclaration,
  reference: Reference,
  way: readonly string[],
  findings: Findings,
): void {
  const shown = [from.name, ...way].map((name) => `\`${name}\``).join(' → ');
  findings.error(
    'dead-letter-loop',
    placeOf(reference),
    `what dies in queue \`${from.name}\` comes back to it: ${shown}`,
    {
      hint: 'let dead letters go where nothing leads back from',
    },
  );
}

/** Who can bring an item, or what comes of it, from one queue to another. */
class Steps {
  /** By the queue that is taken from: the next queues, and by whom. */
  readonly #next = new Map<string, { readonly queue: string; readonly by: string | null }[]>();

  constructor(queues: readonly QueueUse[]) {
    const putsOf = new Map<number, string[]>();
    for (const { declaration, producers } of queues) {
      for (const { by } of producers) {
        const puts = putsOf.get(by.index);
        if (puts) puts.push(declaration.name);
        else putsOf.set(by.index, [declaration.name]);
      }
    }
    for (const { declaration, consumers } of queues) {
      const next = consumers.flatMap(({ by }) => (putsOf.get(by.index) ?? []).map((queue) => ({ queue, by: by.name })));
      const dead = declaration.deadLetter === null ? [] : [{ queue: declaration.deadLetter.name, by: null }];
      this.#next.set(declaration.name, [...next, ...dead]);
    }
  }

  /** The names on a shortest way, both ends among them; null where there is none. */
  from(start: string, end: string): readonly string[] | null {
    const cameBy = new Map<string, readonly string[]>([[start, [start]]]);
    const work = [start];
    for (const queue of work) {
      const way = cameBy.get(queue) as readonly string[];
      if (queue === end) return way;
      for (const { queue: next, by } of this.#next.get(queue) ?? []) {
        if (cameBy.has(next)) continue;
        cameBy.set(next, by === null ? [...way, next] : [...way, by, next]);
        work.push(next);
      }
    }
    return null;
  }
}
