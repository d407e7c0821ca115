// Nodes → plain values, with a finding for whatever JSON cannot hold or would hold differently: keys that are no text or
// stand twice, numbers that lose digits, aliases that lead nowhere, into themselves or to too much.
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Finding } from './document.ts';
import { isMap as isMapValue, type Json } from './json.ts';
import type { Span } from './source.ts';
import { nearest } from './suggest.ts';
import { mostLevels, tooDeep } from './yaml.ts';

/** What all values come to once every alias stands for what it names. */
const mostValues = 1 << 18;
const mostFindings = 100;

/** A value, what it comes to in all, and how many levels of collections it has. */
interface Measured {
  readonly value: Json;
  readonly size: number;
  readonly levels: number;
}

export interface Entry {
  readonly key: Node;
  readonly value: Node | null;
}

export class Values {
  readonly findings: Finding[] = [];
  /** What the keys of a map are, those that it takes over by `<<` among them. */
  readonly entries = new Map<YAMLMap, Map<string, Entry>>();
  readonly #text: string;
  readonly #anchors = new Map<string, { readonly node: Node; measured: Measured | null }>();
  readonly #targets = new Map<Alias, Node>();
  #size = 0;
  #isRefused = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(root: Node): Json {
    return this.#read(root, 0).value;
  }

  /** The node that an alias stands for. */
  target(node: Node): Node {
    return isAlias(node) ? (this.#targets.get(node) ?? node) : node;
  }

  #read(node: Node | null, level: number): Measured {
    if (node === null) return nothing;
    if (isAlias(node)) return this.#alias(node, level);
    const anchor = (node as Scalar | YAMLMap | YAMLSeq).anchor;
    const entry = { node, measured: null as Measured | null };
    if (anchor !== undefined) this.#anchors.set(anchor, entry);
    entry.measured = this.#grow(node, level);
    return entry.measured;
  }

  #grow(node: Node, level: number): Measured {
    this.#size += 1;
    if (isScalar(node)) return { value: this.#scalar(node), size: 1, levels: 0 };
    if (level >= mostLevels) {
      this.#refuse(tooDeep(spanOf(node).start));
      return nothing;
    }
    if (isSeq(node)) return this.#list(node, level);
    return this.#map(node as YAMLMap, level);
  }

  #list(list: YAMLSeq, level: number): Measured {
    const items = list.items.map((item) => this.#read(item as Node | null, level + 1));
    return collection(
      items.map(({ value }) => value),
      items,
    );
  }

  #map(map: YAMLMap, level: number): Measured {
    const entries = new Map<string, Entry>();
    this.entries.set(map, entries);
    const read = new Map<string, Measured>();
    const merged = new Set<string>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (isMerge(key)) {
        for (const [name, entry, measured] of this.#merged(key, value, level)) {
          if (entries.has(name)) continue;
          entries.set(name, entry);
          read.set(name, measured);
          merged.add(name);
        }
        continue;
      }
      const name = this.#key(key);
      if (name === null) continue;
      // What stands there twice is read as well, for the anchors and mistakes in it.
      const measured = this.#read(value, level + 1);
      const first = entries.get(name);
      if (first !== undefined && !merged.delete(name)) {
        this.#duplicate(name, first.key, key);
        continue;
      }
      entries.set(name, { key, value });
      read.set(name, measured);
    }
    const value = Object.create(null) as Record<string, Json>;
    for (const [name, measured] of read) value[name] = measured.value;
    return collection(value, [...read.values()]);
  }

  /** `<<`: the keys of other maps, for a map that has none of that name itself; the first of several maps wins. */
  #merged(key: Node, value: Node | null, level: number): [string, Entry, Measured][] {
    const found: [string, Entry, Measured][] = [];
    for (const from of isSeq(value) ? (value.items as Node[]) : [value]) {
      const { value: whole, levels } = this.#read(from, level);
      const map = from === null ? null : this.target(from);
      if (!isMap(map) || !isMapValue(whole)) {
        const hint = 'name one by its anchor: `<<: *base`';
        this.#report(spanOf(from ?? key), 'a merge key takes a map, or a list of maps', hint);
        continue;
      }
      for (const [name, entry] of this.entries.get(map) ?? []) {
        found.push([name, entry, { value: whole[name] ?? null, size: 0, levels: levels - 1 }]);
      }
    }
    return found;
  }

  #key(key: Node): string | null {
    if (isScalar(key) && typeof key.value === 'string') {
      if (key.value !== '__proto__') return this.#scalar(key) as string;
      this.#report(spanOf(key), '`__proto__` cannot be a key');
      return null;
    }
    const { start, end } = spanOf(key);
    const written = this.#text.slice(start, Math.min(end, start + 40));
    if (!isScalar(key)) {
      this.#report({ start, end }, 'a key must be text, not a map, a list or an alias');
      return null;
    }
    if (written === '') this.#report({ start, end: start + 1 }, 'a key is missing before the colon');
    else
      this.#report(
        { start, end },
        `the key \`${written}\` is ${kind(key.value)}, expected text`,
        `write \`"${written}"\``,
      );
    return written === '' ? null : written;
  }

  #scalar(scalar: Scalar): Json {
    const { value } = scalar;
    if (typeof value === 'bigint') {
      if (Number.isSafeInteger(Number(value))) return Number(value);
      this.#report(
        spanOf(scalar),
        `the number \`${shown(String(value))}\` is beyond 2^53 and would lose digits`,
        'put it into quotes',
      );
      return Number(value);
    }
    if (typeof value === 'number') {
      if (Number.isFinite(value)) return value;
      const { start, end } = spanOf(scalar);
      this.#report(
        { start, end },
        `\`${shown(this.#text.slice(start, end))}\` is no number that JSON can hold`,
        'put it into quotes',
      );
      return null;
    }
    if (typeof value === 'string') {
      if (value.includes('\0')) this.#report(spanOf(scalar), 'a NUL character cannot be handed to a program');
      else if (value.search(halfCharacters) !== -1) this.#report(spanOf(scalar), 'this text holds half of a character');
      return value.replace(halfCharacters, '\ufffd');
    }
    return typeof value === 'boolean' ? value : null;
  }

  #alias(alias: Alias, level: number): Measured {
    const anchor = this.#anchors.get(alias.source);
    if (anchor === undefined) {
      const meant = nearest(alias.source, this.#anchors.keys());
      this.#report(
        spanOf(alias),
        `no anchor \`&${alias.source}\` stands before this`,
        meant && `did you mean \`*${meant}\`?`,
      );
      return nothing;
    }
    if (anchor.measured === null) {
      this.#report(spanOf(alias), `\`*${alias.source}\` stands inside what it names`);
      return nothing;
    }
    this.#targets.set(alias, anchor.node);
    this.#size += anchor.measured.size;
    if (level + anchor.measured.levels > mostLevels) this.#refuse(tooDeep(spanOf(alias).start));
    else if (this.#size > mostValues)
      this.#refuse({
        span: spanOf(alias),
        message: `with this alias the file comes to more than ${mostValues} values`,
      });
    return this.#isRefused ? nothing : anchor.measured;
  }

  #duplicate(name: string, first: Node, second: Node): void {
    if (this.findings.length >= mostFindings) return;
    this.findings.push({
      code: 'duplicate-key',
      message: `the key \`${shown(name)}\` stands here for the second time`,
      span: spanOf(second),
      related: [{ message: 'the first time', span: spanOf(first) }],
      hint: 'remove one of the two, or give it another name',
    });
  }

  /** Too much to go on: what is not read yet stays out, and the first reason is told. */
  #refuse(finding: Finding): void {
    if (!this.#isRefused) this.findings.push(finding);
    this.#isRefused = true;
  }

  #report(span: Span, message: string, hint?: string): void {
    if (this.findings.length >= mostFindings) return;
    this.findings.push({ message, span, ...(hint === undefined ? {} : { hint }) });
  }
}

const halfCharacters = /\p{Surrogate}/gu;

const nothing: Measured = { value: null, size: 1, levels: 0 };

function collection(value: Json, parts: readonly Measured[]): Measured {
  let size = 1;
  let levels = 0;
  for (const part of parts) {
    size += part.size;
    levels = Math.max(levels, part.levels);
  }
  return { value, size, levels: levels + 1 };
}

function isMerge(key: Node): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

export function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'a boolean' : 'a number';
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
