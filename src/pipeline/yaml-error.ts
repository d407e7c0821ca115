// What the YAML parser stumbled over, in words that say what to do.
import type { Finding } from './diagnostic.ts';
import { type Stumble, unquoted } from './yaml.ts';

export function explain(stumble: Stumble): Finding {
  const { start, end } = stumble.span;
  const span = { start, end: Math.max(end, start + 1) };
  for (const { when, message, hint } of explanations) {
    if (when.test(stumble.message)) return { span, message, ...(hint === undefined ? {} : { hint }) };
  }
  // The parser's own words, in the form of ours.
  const message = stumble.message.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase());
  return { span, message: shown(message) };
}

const explanations: readonly { readonly when: RegExp; readonly message: string; readonly hint?: string }[] = [
  {
    when: new RegExp(`^${unquoted}$`),
    message: 'an expression inside `{ }` or `[ ]` needs quotes',
    hint: 'write `"${{ … }}"`',
  },
  {
    when: /^All mapping items must start at the same column/,
    message: 'this key does not stand in line with the others of its map',
    hint: 'indent it by as many spaces as they are',
  },
  {
    when: /^All sequence items must start at the same column/,
    message: 'this item does not stand in line with the others of its list',
    hint: 'indent it by as many spaces as they are',
  },
  {
    when: /^Tabs are not allowed as indentation/,
    message: 'a tab cannot indent in YAML',
    hint: 'use spaces',
  },
  {
    when: /^Nested mappings are not allowed in compact mappings/,
    message: 'a second `: ` on one line',
    hint: 'put text that holds `: ` into quotes, or the inner map on lines of its own',
  },
  {
    when: /^Implicit map keys need to be followed by map values/,
    message: 'this is no `key: value`',
    hint: 'a key is followed by a colon and a space',
  },
  {
    when: /^Implicit keys need to be on a single line|^Implicit keys of flow sequence pairs/,
    message: 'a key that goes over several lines',
    hint: 'the colon may be missing on the line before, or a quote may not be closed',
  },
  {
    when: /^Missing closing/,
    message: 'this quote is never closed',
  },
  {
    when: /^Missing , (or : )?between flow (map|sequence|sequence pair) items|^Missing , between/,
    message: 'a comma is missing',
    hint: 'items in `[ ]` and `{ }` are parted by commas',
  },
  {
    when: / end with a [\]}]$/,
    message: 'this bracket is never closed, or not where its content ends',
    hint: 'a `[` needs its `]`, a `{` its `}`; what stands in them is indented further than the key it belongs to',
  },
  {
    when: /^Unresolved tag/,
    message: 'unknown tag',
    hint: 'a value that starts with `!` needs quotes',
  },
  {
    when: /^Plain value cannot start with/,
    message: 'text cannot start with this character',
    hint: 'put it into quotes',
  },
  {
    when: /^Invalid escape sequence/,
    message: 'there is no such escape',
    hint: 'write `\\\\` for a backslash, or use single quotes, which know no escapes',
  },
];

function shown(message: string): string {
  return message.length > 160 ? `${message.slice(0, 159)}…` : message;
}
