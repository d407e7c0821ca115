// Values as the expression library sees them, and back. Its dictionary loses keys such as `constructor` and cannot tell
// `http_proxy` from `HTTP_PROXY`; ours asks for the exact name first, and then for the same without case.
import {
  BooleanData,
  Array as List,
  Dictionary,
  type ExpressionData,
  Null,
  NumberData,
  StringData,
} from '@actions/expressions/data/index';
import type { Pair } from '@actions/expressions/data/expressiondata';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import type { Json } from './json.ts';

export type Data = ExpressionData;

export class Names extends Dictionary {
  readonly #exact = new Map<string, Data>();
  /** By lower case; made when a name is first not found as it is written. */
  #folded: Map<string, Data> | null = null;

  static of(values: Readonly<Record<string, Json>>): Names {
    const names = new Names();
    for (const [name, value] of Object.entries(values)) names.add(name, toData(value));
    return names;
  }

  /** A copy with one more name, or another meaning for it. */
  with(name: string, value: Data): Names {
    const names = new Names();
    for (const [key, mine] of this.#exact) names.#exact.set(key, mine);
    names.#exact.set(name, value);
    return names;
  }

  override add(name: string, value: Data): void {
    this.#exact.set(name, value);
    this.#folded = null;
  }

  override get(name: string): Data | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    this.#folded ??= new Map([...this.#exact].reverse().map(([key, value]) => [key.toLowerCase(), value]));
    return this.#folded.get(name.toLowerCase());
  }

  override values(): Data[] {
    return [...this.#exact.values()];
  }

  override pairs(): Pair[] {
    return [...this.#exact].map(([key, value]) => ({ key, value }));
  }
}

/** A part of a text that is not whole yet: as it is, or as the expression it is still to come from. */
export type Piece = string | { readonly expression: string };

/** A text that is known only once the run has started. */
export class Pending extends StringData {
  readonly pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    super('');
    this.pieces = pieces;
  }
}

/** What has no value because of a mistake that was already complained of. */
export class Unknowable extends Null {}

export function toData(value: Json): Data {
  if (typeof value === 'string') return new StringData(value);
  if (typeof value === 'number') return new NumberData(value);
  if (typeof value === 'boolean') return new BooleanData(value);
  if (value === null) return new Null();
  if (!Array.isArray(value)) return Names.of(value as Readonly<Record<string, Json>>);
  const list = new List();
  for (const item of value) list.add(toData(item));
  return list;
}

export function fromData(data: Data): Json {
  if (data instanceof Null) return null;
  if (data instanceof StringData || data instanceof BooleanData) return data.value;
  if (data instanceof List) return data.values().map(fromData);
  if (data instanceof Dictionary)
    return Object.fromEntries(data.pairs().map(({ key, value }) => [key, fromData(value)]));
  if (!Number.isFinite(data.value)) throw new Error(`${data.value} is not a number that can be passed on`);
  return data.value;
}

/** A value inside a text; null where it has no place there. */
export function textOf(value: Json): string | null {
  return typeof value === 'object' && value !== null ? null : toData(value).coerceString();
}

/** Whether an expression's value counts as true: not empty, not 0, not null. */
export function isTruthy(value: Json): boolean {
  return Boolean(value);
}

/** A value written as an expression. */
export function literal(data: Data): string {
  if (data instanceof StringData) return quote(data.value);
  if (data instanceof NumberData) return String(data.value);
  const text = JSON.stringify(fromData(data));
  return data.primitive ? text : `fromJSON(${quote(text)})`;
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** In place of the library's, which lose keys such as `__proto__` and spread long lists over the stack. */
export const functions = new Map<string, FunctionDefinition>(
  [
    {
      name: 'tojson',
      minArgs: 1,
      maxArgs: 1,
      call: (value: Data) => new StringData(JSON.stringify(fromData(value), null, 2)),
    },
    {
      name: 'fromjson',
      minArgs: 1,
      maxArgs: 1,
      call: (text: Data) => toData(parseJson(text.coerceString())),
    },
  ].map((definition) => [definition.name, definition]),
);

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new Error(`\`fromJSON\` was given what is not JSON: ${JSON.stringify(shown)}`);
  }
}
