// A misspelt word of the language is one finding, with the word that was meant: what would follow from it is not said, and what is
// wrong besides is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { Source } from '../../src/pipeline/source.ts';
import { schemaOf } from '../../src/pipeline/schema-part.ts';
import { planSource } from '../../src/plan/check.ts';
import { planned } from '../kit/planned.ts';

const folder = join(import.meta.dirname, '../../pipelines');
const examples = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

type Slip = readonly [start: number, end: number, misspelt: string];

/** Every key of the language in a text, and every word that stands there for one of a few, with two letters swapped. */
function slipsIn(text: string): Slip[] {
  const slips: Slip[] = [];
  const add = (node: unknown): void => {
    if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return;
    const { value, range } = node;
    const at = Math.max(1, value.length - 3);
    const swapped = value.slice(0, at) + (value[at + 1] ?? '') + (value[at] ?? '') + value.slice(at + 2);
    slips.push([range[0], range[1], swapped === value || value.length < 3 ? `${value}${value.at(-1)}` : swapped]);
  };
  const visit = (node: unknown, path: readonly (string | number)[]): void => {
    if (isSeq(node)) node.items.forEach((item, index) => visit(item, [...path, index]));
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const word = String(isScalar(key) ? key.value : key);
      // The names of a matrix are as one likes.
      if (path.at(-1) === 'matrix') continue;
      if (Object.hasOwn(schemaOf(path).properties ?? {}, word)) add(key);
      if (schemaOf([...path, word]).enum !== undefined) add(value);
      visit(value, [...path, word]);
    }
  };
  visit(parseDocument(text).contents, []);
  return slips;
}

async function found(file: string, text: string): Promise<readonly string[]> {
  const source = new Source(join(folder, file), text);
  const { diagnostics } = await planSource(source, { root: folder, asPart: true });
  return diagnostics.map(({ code, message, hint }) => `${code} ${message} ${hint ?? ''}`);
}

test.each(examples)('each word of %s, misspelt, is one finding that names what was meant', async (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  const before = await found(file, text);
  for (const [start, end, misspelt] of slipsIn(text)) {
    const after = await found(file, text.slice(0, start) + misspelt + text.slice(end));
    const more = after.filter((finding) => !before.includes(finding));
    const word = text.slice(start, end);
    expect(more, `${misspelt} for ${word}`).toEqual([expect.stringMatching(/^schema /)]);
    expect(more[0]).toContain(`did you mean \`${word}\`?`);
    expect(after.length).toBe(before.length + 1);
  }
});

test.each([
  [
    'what is under a misspelt section is looked at',
    `queues: { items: {} }
procesess:
  a: { run: x, puts: item }
  b: { rnu: x, gets: items }`,
    [
      '2:1 error schema unknown key `procesess` at the top level',
      '3:22 error unknown-name there is no queue `item`',
      '4:8 error schema unknown key `rnu` in a process',
    ],
  ],
  [
    'a fault beside a misspelt key is found',
    `queues: { items: {}, others: {} }
processes:
  a: { run: x, puts: [items, others] }
  b: { run: x, gest: items }`,
    [
      '1:22 warning queue-without-consumer nothing takes from queue `others`',
      '4:16 error schema unknown key `gest` in a process',
    ],
  ],
  [
    'a misspelt word counts as what was meant',
    `queues: { items: { order: priorty, from: [1] } }
locks: { page: { kind: rrw } }
processes:
  b: { run: x, gets: items, holds: { page: raed } }`,
    [
      '1:27 error schema `order` cannot be `priorty`, expected `fifo`, `lifo`, `priority` or `deque`',
      '2:24 error schema `kind` cannot be `rrw`, expected `mutex` or `rw`',
      '4:44 error schema `page` cannot be `raed`, expected `read` or `write`',
    ],
  ],
  [
    'what a misspelt key holds is looked at as well',
    `queues: { items: { maxsiez: many, from: [1] } }
processes:
  a: { run: x, gest: [items, 5] }`,
    [
      '1:20 error schema unknown key `maxsiez` in a queue',
      '3:16 error schema unknown key `gest` in a process',
      '3:30 error schema item 2 of `gets` cannot be `5`, expected text',
    ],
  ],
  [
    'what is there already was not meant by another',
    `processes:
  a: { run: x, runn: y }`,
    ['2:16 error schema unknown key `runn` in a process'],
  ],
  [
    'nor what would not go with what is there',
    `processes:
  a: { run: x, user: root }`,
    ['2:16 error schema unknown key `user` in a process'],
  ],
  [
    'a name in what does not fit is not said to be used nowhere, and another is',
    `queues: { items: {}, others: {} }
locks: { l: {} }
processes:
  a: { run: x, puts: [items, others] }
  b: { run: x, gets: { items: all }, stuff: { lock: l } }`,
    [
      '1:22 warning queue-without-consumer nothing takes from queue `others`',
      '5:22 error schema `gets` cannot be a map, expected text or a list',
      '5:38 error schema unknown key `stuff` in a process',
    ],
  ],
  [
    'nor is one unknown that stands in a section that does not fit, and another is',
    `queues: [items]
processes:
  a: { run: x, puts: items }
  b: { run: x, gets: [items, others] }`,
    [
      '1:9 error schema `queues` cannot be a list of 1, expected a map',
      '4:30 error unknown-name there is no queue `others`',
    ],
  ],
])('%s', async (_, yaml, findings) => {
  expect((await planned(yaml)).findings).toEqual(findings);
});
