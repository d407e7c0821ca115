// The conversation that opens docs/protocol.md is held with a broker, byte for byte.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Type } from '../../src/wire/message.ts';
import { type Client, lockOf, queueOf, running } from './kit.ts';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const chapter = page.slice(page.indexOf('## A first'), page.indexOf('## Connecting'));
const lines = [...chapter.matchAll(/```\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trimEnd().split('\n'));

test('the protocol page shows what a broker says', async () => {
  const dishes = queueOf('dishes', { encoding: 'json', maxsize: 5, producers: ['chef'], consumers: ['eater'] });
  await using run = await running(dishes, lockOf('ledger', ['chef']));
  const clients: Record<string, Client> = { chef: await run.client('chef'), eater: await run.client('eater') };
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    const [, who = '', way, name = '', hex = ''] =
      /^(\w+) +([<>]) (\w+) +((?:[0-9a-f]{2,} )*[0-9a-f]{2,})(?: {3}.*)?$/.exec(line) ?? [];
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const client = clients[who];
    if (client === undefined) throw new Error(`not a line of a conversation: ${line}`);
    expect([line, bytes[4]]).toEqual([line, Type[name as keyof typeof Type]]);
    if (way === '>') client.socket.write(bytes);
    else {
      const frame = await client.next(bytes[4] as number);
      const came = frame.buffer.subarray(frame.start, frame.end).toString('hex');
      expect([line, came]).toEqual([line, bytes.toString('hex')]);
    }
  }
});
