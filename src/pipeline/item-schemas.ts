// The schemas of the items of all queues, where they say any.
import { keyOf } from './finding.ts';
import { ItemSchema } from './item-schema.ts';
import type { Json } from './json.ts';
import type { Reading } from './reading.ts';
import type { Queue } from './schema.gen.ts';

/** By queue. One that is broken is missing, and a finding. */
export async function readItemSchemas(
  queues: Readonly<Record<string, Queue>>,
  root: string,
  reading: Reading,
): Promise<ReadonlyMap<string, Json>> {
  const read = new Map<string, Json>();
  for (const [name, { item, encoding = 'json' }] of Object.entries(queues)) {
    if (item === undefined) continue;
    const path = ['queues', name, 'item'];
    if (encoding === 'bytes' || encoding === 'pickle') {
      reading.findings.error('wrong-encoding', keyOf(path), `only JSON and text are held against \`item\``, {
        hint: 'take it out, or say `encoding: json`',
        related: [{ message: 'its encoding', at: keyOf(['queues', name, 'encoding']) }],
      });
      continue;
    }
    const schema = await new ItemSchema(path, root, reading).read(item as Json);
    if (schema !== null) read.set(name, schema);
  }
  return read;
}
