// Where a path is written in the file. A value that came by an alias or a merge key is found where it was written down.
import { isAlias, isMap, isSeq, type Node } from 'yaml';
import type { Span } from './source.ts';
import { type Entry, spanOf, type Values } from './values.ts';

/** Keys and indexes from the root down. */
export type Path = readonly (string | number)[];

export class Places {
  readonly #root: Node;
  readonly #values: Values;

  constructor(root: Node, values: Values) {
    this.#root = root;
    this.#values = values;
  }

  span(path: Path, which: 'key' | 'value'): Span {
    let key: Node = this.#root;
    let value: Node | null = this.#root;
    let found = 0;
    for (const step of path) {
      const node: Node | null = value === null ? null : this.#values.target(value);
      if (isMap(node)) {
        const entry: Entry | undefined = this.#values.entries.get(node)?.get(String(step));
        if (entry === undefined) break;
        ({ key, value } = entry);
      } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
        value = node.items[step] as Node | null;
        key = value ?? key;
      } else break;
      found += 1;
    }
    // An ancestor is named by its key: its value may be long.
    if (which === 'key' || found < path.length) return path.length === 0 || found === 0 ? startOf(key) : spanOf(key);
    if (value === null || (isEmpty(value) && !isAlias(value))) return spanOf(key);
    return spanOf(value);
  }
}

/** The root has no key: its first character stands for it. */
function startOf(root: Node): Span {
  const { start } = spanOf(root);
  return { start, end: start + 1 };
}

function isEmpty(node: Node): boolean {
  const { start, end } = spanOf(node);
  return start === end;
}
