// One queue as it is declared.
import { keyOf } from './finding.ts';
import { isMap, type Json } from './json.ts';
import type { QueueDeclaration } from './pipeline.ts';
import { readDestination, readOrigin } from './read-files.ts';
import { referenceAt } from './reference.ts';
import type { Queue } from './schema.gen.ts';
import { countAt, type Place, sizeAt } from './setting.ts';

/** `item` is its schema, read already; paths are resolved against `root`. */
export function readQueue(name: string, queue: Queue, item: Json | null, place: Place, root: string): QueueDeclaration {
  const path = ['queues', name];
  const at = (key: string) => [...path, key];
  // What is of the wrong shape is not in `queue`, and is still meant.
  const isWritten = (key: string) => writtenAt(place.reading.document.value, at(key)) !== undefined;
  if (queue.delivery === 'at-most-once' && queue.attempts !== undefined)
    place.reading.findings.error(
      'schema',
      keyOf(at('attempts')),
      '`attempts` does not go with `delivery: at-most-once`',
      {
        hint: 'an item is then delivered once and never again: take one of the two out',
      },
    );
  return {
    name,
    path,
    order: queue.order ?? 'fifo',
    maxsize: countAt(at('maxsize'), queue.maxsize, place) ?? 0,
    maxBytes: sizeAt(at('max_bytes'), queue.max_bytes, place) ?? 64 * 2 ** 20,
    ownMaxBytes: queue.max_bytes !== undefined,
    overflow: queue.overflow ?? 'block',
    encoding: queue.encoding ?? 'json',
    item,
    confirm: queue.confirm ?? false,
    delivery: queue.delivery ?? 'at-least-once',
    attempts: queue.attempts ?? 3,
    leftover: queue.leftover ?? 'fail',
    fed: isWritten('from'),
    drained: isWritten('to'),
    from: queue.from === undefined ? null : readOrigin(at('from'), queue.from as Json, place, root),
    to: queue.to === undefined ? null : readDestination(at('to'), queue.to as unknown as Json, place, root),
    deadLetter: queue.dead_letter === undefined ? null : referenceAt(at('dead_letter'), queue.dead_letter),
    external: queue.external ?? isWritten('external'),
  };
}

function writtenAt(value: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const key of path) at = at !== undefined && isMap(at) ? at[key] : undefined;
  return at;
}
