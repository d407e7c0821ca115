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
import type { Finding } from './diagnostic.ts';
import type { Json } from './json.ts';
import type { Span } from './source.ts';
import { nearest } from './suggest.ts';
import { mostLevels, tooDeep } from './yaml.ts';

/** How many values aliases may repeat, all in all. */
const mostRepeated = 50_000;
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
  readonly measured: Measured;
}

export class Values {
  readonly findings: Finding[] = [];
  /** What the keys of a map are, those that it takes over by `<<` among them. */
  readonly entries = new Map<YAMLMap, Map<string, Entry>>();
  readonly #text: string;
  readonly #anchors = new Map<string, { readonly node: Node; measured: Measured | null }>();
  readonly #targets = new Map<Alias, Node>();
  #repeated = 0;
  #isRefused = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Null where there is too much of it, which is a finding. */
  read(root: Node): { readonly value: Json } | null {
    const measured = this.#read(root, 0);
    return this.#isRefused ? null : measured;
  }

  /** The node that an alias stands for. */
  target(node: Node): Node {
    return isAlias(node) ? (this.#targets.get(node) ?? node) : node;
  }

  #read(node: Node | null, level: number): Measured {
    if (node === null || this.#isRefused) return nothing;
    if (isAlias(node)) return this.#alias(node, level);
    const anchor = (node as Scalar | YAMLMap | YAMLSeq).anchor;
    const entry = { node, measured: null as Measured | null };
    if (anchor !== undefined) this.#anchors.set(anchor, entry);
    entry.measured = this.#grow(node, level);
    return entry.measured;
  }

  #grow(node: Node, level: number): Measured {
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
    const merged = new Set<string>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (isMerge(key)) {
        for (const [name, entry] of this.#merged(key, value, level)) {
          if (entries.has(name)) continue;
          entries.set(name, entry);
          merged.add(name);
        }
        continue;
      }
      const name = this.#key(key);
      if (name === null) continue;
      // What stands there twice is read as well, for the anchors and mistakes in it.
      const measured = this.#read(value, level + 1);
      const first = entries.get(name);
      if (first === undefined || merged.delete(name)) entries.set(name, { key, value, measured });
      else this.#duplicate(name, first.key, key);
    }
    const value = Object.create(null) as Record<string, Json>;
    for (const [name, { measured }] of entries) value[name] = measured.value;
    return collection(
      value,
      [...entries.values()].map(({ measured }) => measured),
    );
  }

  /** `<<`: the keys of other maps, for a map that has none of that name itself; the first of several maps wins. */
  #merged(key: Node, value: Node | null, level: number): [string, Entry][] {
    const found: [string, Entry][] = [];
    for (const from of isSeq(value) ? (value.items as Node[]) : [value]) {
      const before = this.findings.length;
      this.#read(from, level);
      if (this.#isRefused) break;
      const map = from === null ? null : this.target(from);
      if (isMap(map)) found.push(...(this.entries.get(map) ?? []));
      else if (this.findings.length === before) {
        const hint = 'name one by its anchor: `<<: *base`';
        this.#report(spanOf(from ?? key), 'a merge key takes a map, or a list of maps', hint);
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
    if (typeof value === 'number') return this.#number(scalar, value);
    if (typeof value === 'string') {
      if (value.includes('\0')) this.#report(spanOf(scalar), 'a NUL character cannot be handed to a program');
      else if (value.search(halfCharacters) !== -1) this.#report(spanOf(scalar), 'this text holds half of a character');
      return value.replace(halfCharacters, '\ufffd');
    }
    return typeof value === 'boolean' ? value : null;
  }

  #number(scalar: Scalar, value: number): number {
    const { start, end } = spanOf(scalar);
    const written = shown(this.#text.slice(start, end));
    const isWhole = !/[.e]/i.test(written) || written.startsWith('0x');
    if (isWhole && !Number.isSafeInteger(value)) {
      this.#report(
        { start, end },
        `the number \`${written}\` is beyond 2^53 and would lose digits`,
        'put it into quotes',
      );
    } else if (!Number.isFinite(value)) {
      this.#report({ start, end }, `\`${written}\` is no number that JSON can hold`, 'put it into quotes');
    }
    return Number.isFinite(value) ? value : 0;
  }

  #alias(alias: Alias, level: number): Measured {
    const anchor = this.#anchors.get(alias.source);
    if (anchor === undefined) {
      const meant = nearest(shown(alias.source), this.#anchors.keys());
      this.#report(
        spanOf(alias),
        `no anchor \`&${shown(alias.source)}\` stands before this`,
        meant && `did you mean \`*${meant}\`?`,
      );
      return nothing;
    }
    if (anchor.measured === null) {
      this.#report(spanOf(alias), `\`*${shown(alias.source)}\` stands inside what it names`);
      return nothing;
    }
    this.#targets.set(alias, anchor.node);
    this.#repeated += anchor.measured.size;
    if (level + anchor.measured.levels > mostLevels) this.#refuse(tooDeep(spanOf(alias).start));
    else if (this.#repeated > mostRepeated) {
      this.#refuse({ span: spanOf(alias), message: `aliases repeat more than ${mostRepeated} values` });
    }
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
