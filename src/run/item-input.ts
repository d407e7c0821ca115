// How an item gets to the program that works on it: in its environment, where it is small and a text, and on its stdin. A small one is
// in a file without a name, a large one comes through a FIFO from the broker, which has it.
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import type { Notice } from '../broker/control.ts';
import type { BrokerHost } from '../broker/host.ts';
import type { Fifos } from './kernel-pipe.ts';
import type { StdioSource } from './launcher.ts';
import type { Json } from '../plan/plan.ts';

export type Given = Extract<Notice, { type: 'given' }>;

/** The variables in which a program finds its item. */
export const itemVariables = ['ITEM', 'ITEM_BYTES'] as const;

/** What expressions may read. */
export const MOST_IN_EXPRESSIONS = 16 * 1024 * 1024;

/** What a variable may hold: the system's own limit is 128 KiB. */
export const MOST_IN_ENVIRONMENT = 100 * 1024;

export class ItemInput {
  readonly env: Readonly<Record<string, string>>;
  readonly #given: Given;
  readonly #broker: BrokerHost;

  constructor(given: Given, broker: BrokerHost) {
    const { content, size } = given;
    const fits = size <= MOST_IN_ENVIRONMENT && content !== null && 'text' in content && !content.text.includes('\0');
    this.env = { ...(fits ? { ITEM: content.text } : {}), ITEM_BYTES: String(size) };
    this.#given = given;
    this.#broker = broker;
  }

  /** For each attempt anew. */
  async lay(fifos: Fifos): Promise<StdioSource> {
    const { content, size } = this.#given;
    if (content === null || size > MOST_IN_ENVIRONMENT) return { type: 'fd', fd: await this.#pour(fifos) };
    const bytes = 'text' in content ? Buffer.from(content.text) : Buffer.from(content.base64, 'base64');
    return { type: 'bytes', bytes };
  }

  async #pour(fifos: Fifos): Promise<number> {
    const path = await fifos.path();
    // Opened for both ways first, so that neither of the other two opens has to wait for the other.
    const both = openSync(path, constants.O_RDWR);
    try {
      const read = openSync(path, constants.O_RDONLY);
      const { node, ticket } = this.#given;
      try {
        await this.#broker.pour({ node, ticket, path });
        return read;
      } catch (error) {
        closeSync(read);
        throw error;
      }
    } finally {
      closeSync(both);
      unlinkSync(path);
    }
  }
}

/** What `item` is in expressions, or why they cannot read it. */
export function itemValueOf({ content, size, isText }: Given): { readonly value: Json } | { readonly refused: string } {
  if (content === null) return { refused: `the item has ${size} bytes, and expressions read items of at most 16 MiB` };
  if (!('text' in content)) return { refused: 'the item is not UTF-8, and so no text' };
  return { value: isText ? content.text : (JSON.parse(content.text) as Json) };
}
