// Settings that are read when the plan is made: a number, a duration or a size, written out or given by an expression.
import type { Path } from './document.ts';
import { isLater, type Scope } from './evaluate.ts';
import { expressionsIn, type Formula, valueOf } from './formula.ts';
import type { Json } from './json.ts';
import type { Known } from './known.ts';
import { parseDuration, parseSize } from './quantity.ts';
import type { Reading } from './reading.ts';

/** Where a setting stands, as to what its expressions may use. */
export interface Place {
  readonly reading: Reading;
  readonly scope: Scope;
  readonly known: Known;
}

export function countAt(path: Path, written: Json | undefined, place: Place, least = 0): number | undefined {
  const isCount = (value: Json) =>
    Number.isSafeInteger(value) && (value as number) >= least ? (value as number) : null;
  return settingAt(path, written, place, isCount, `a whole number, ${least} or more`);
}

export function durationAt(path: Path, written: Json | undefined, place: Place): number | undefined {
  return settingAt(path, written, place, parseDuration, aDuration);
}

export function sizeAt(path: Path, written: Json | undefined, place: Place): number | undefined {
  const atLeastOne = (value: Json) => parseSize(value) || null;
  return settingAt(path, written, place, atLeastOne, 'a size such as `512KiB` or `64MiB`');
}

/** A process's duration, for one of its instances; undefined where a mistake is in it. */
export function durationOf(formula: Formula, scope: Scope, reading: Reading): number | undefined {
  return settled(formula, scope, reading, parseDuration, aDuration);
}

/** It says so itself, and that is a finding of its own. */
function namesLater(formula: Formula): boolean {
  return [...expressionsIn(formula)].some(({ expression }) =>
    expression.uses.some(({ steps }) => isLater(steps[0]?.name ?? '')),
  );
}

/** The value of a formula, however deep, that has to be known now; undefined where a mistake is in it. */
export function knownValueOf(formula: Formula, scope: Scope, reading: Reading): Json | undefined {
  if (formula.kind === 'list') {
    const items = formula.items.map((item) => knownValueOf(item, scope, reading));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (formula.kind === 'map') {
    const entries = formula.entries.map(([key, item]) => [key, knownValueOf(item, scope, reading)] as const);
    return entries.every(([, item]) => item !== undefined) ? (Object.fromEntries(entries) as Json) : undefined;
  }
  const value = valueOf(formula, scope, reading.complain);
  if ('known' in value) return value.known;
  if ('pending' in value && formula.kind === 'text' && !namesLater(formula)) {
    const message = 'this is known only once the run has started, and it is read when the plan is made';
    const hint =
      'it is a secret, or made of one, which has a value only then: a program, also one of a sub-pipeline, finds it in its environment';
    complainOfText(formula, message, reading, hint);
  }
  return undefined;
}

/** A finding about what an expression gives, or about what is written out where there is none. */
export function complainOfValue(formula: Formula, message: string, reading: Reading): void {
  if (formula.kind === 'text') complainOfText(formula, message, reading);
  else reading.findings.error('schema', formula.path, message);
}

export function shown(value: Json): string {
  const text = JSON.stringify(value);
  return `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
}

const aDuration = 'a duration such as `500ms`, `30s`, `5m` or a number of seconds';

function settingAt(
  path: Path,
  written: Json | undefined,
  { reading, scope, known }: Place,
  parse: (value: Json) => number | null,
  expected: string,
): number | undefined {
  if (written === undefined) return undefined;
  return settled(reading.formula(path, written, { ...known, later: false }), scope, reading, parse, expected);
}

function settled(
  formula: Formula,
  scope: Scope,
  reading: Reading,
  parse: (value: Json) => number | null,
  expected: string,
): number | undefined {
  const value = knownValueOf(formula, scope, reading);
  if (value === undefined) return undefined;
  const number = parse(value);
  if (number !== null) return number;
  complainOfValue(formula, `expected ${expected}, but this is ${shown(value)}`, reading);
  return undefined;
}

function complainOfText(
  { path, text }: Formula & { kind: 'text' },
  message: string,
  reading: Reading,
  hint?: string,
): void {
  reading.complain(path, text, { message, offset: 0, length: text.length, ...(hint === undefined ? {} : { hint }) });
}
