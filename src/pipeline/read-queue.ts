// One queue as it is declared.
import type { Json } from './json.ts';
import type { QueueDeclaration } from './pipeline.ts';
import { referenceAt } from './reference.ts';
import type { Queue } from './schema.gen.ts';
import { countAt, type Place, sizeAt } from './setting.ts';

/** `item` is its schema, read already. */
export function readQueue(name: string, queue: Queue, item: Json | null, place: Place): QueueDeclaration {
  const path = ['queues', name];
  const at = (key: string) => [...path, key];
  return {
    name,
    path,
    maxsize: countAt(at('maxsize'), queue.maxsize, place) ?? 0,
    maxBytes: sizeAt(at('max_bytes'), queue.max_bytes, place) ?? 64 * 2 ** 20,
    ownMaxBytes: queue.max_bytes !== undefined,
    encoding: queue.encoding ?? 'json',
    item,
    confirm: queue.confirm ?? false,
    delivery: queue.delivery ?? 'at-least-once',
    attempts: queue.attempts ?? 3,
    leftover: queue.leftover ?? 'fail',
    fed: queue.from !== undefined,
    drained: queue.to !== undefined,
    deadLetter: queue.dead_letter === undefined ? null : referenceAt(at('dead_letter'), queue.dead_letter),
  };
}
