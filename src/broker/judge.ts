// Holds items against the schema of their queue. It is made where a plan has such a queue, and not loaded otherwise.
import { isUtf8 } from 'node:buffer';
import { compileSchema, type Misfit } from '../pipeline/json-schema.ts';
import type { Channel, QueueChannel } from '../plan/plan.ts';
import { inexactNumber } from './inexact-number.ts';

/** What is wrong with an item, or null. */
export type Judge = (item: Buffer) => Misfit | null;

/** By the names of the queues that have one. */
export type Judges = ReadonlyMap<string, Judge>;

export async function judgesOf(channels: readonly Channel[]): Promise<Judges> {
  const judges = new Map<string, Judge>();
  for (const channel of channels) {
    if (channel.kind === 'queue' && channel.item !== null) judges.set(channel.name, await judgeOf(channel));
  }
  return judges;
}

/** After the name of what does not fit. */
export function words({ path, reason }: Misfit): string {
  return `does not fit \`item\`: ${path === '' ? 'it' : `\`${path}\``} ${reason}`;
}

async function judgeOf({ item: schema, encoding }: QueueChannel): Promise<Judge> {
  const validate = await compileSchema(schema as Exclude<typeof schema, null>);
  const isText = encoding === 'text';
  return (item) => {
    if (item.length > MOST_BYTES) return whole(`has ${item.length} bytes, and no more than 16 MiB are looked at`);
    if (!isUtf8(item)) return whole('is not UTF-8');
    const text = item.toString('utf8');
    if (isText) return validate(text);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return whole('is not JSON');
    }
    const inexact = inexactNumber(item, 0, item.length);
    return inexact === null ? validate(value) : whole(`holds \`${inexact}\`, a number that JSON cannot carry`);
  };
}

function whole(reason: string): Misfit {
  return { path: '', reason };
}

/** As much as a line may have. Meanwhile nobody else is served. */
const MOST_BYTES = 16 * 1024 * 1024;
