// Between the words and lines of a shell and the items of a queue or the messages of a pipe.
import type { WelcomeLine } from '../wire/message.ts';
import { WrongCall } from './call.ts';

type Encoded = Pick<WelcomeLine, 'encoding' | 'name'>;

/** A word or a line as an item. */
export function itemOf(word: Buffer, { encoding, name }: Encoded, json: boolean): unknown {
  if (json && encoding !== 'json')
    throw new WrongCall(`\`--json\` is for \`encoding: json\`, and \`${name}\` has \`encoding: ${encoding}\``);
  if (encoding === 'bytes') return word;
  if (encoding === 'pickle')
    throw new WrongCall(`\`${name}\` has \`encoding: pickle\`, which only Python reads and writes`);
  const text = textOf(word);
  if (!json) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new WrongCall(`\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\` is not JSON`);
  }
}

/** An item as it is printed: texts and bytes as they are, everything else as JSON. */
export function lineOf(item: unknown, json: boolean): Buffer {
  if (item instanceof Uint8Array) return Buffer.from(item);
  return Buffer.from(typeof item === 'string' && !json ? item : JSON.stringify(item));
}

/** Of stdin: up to each LF; the last one needs none. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]);
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

const LF = 0x0a;

export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new WrongCall('a value is not UTF-8');
}
