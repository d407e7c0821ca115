// What is misspelt and can be told, read as what was most likely meant: so that what is wrong in it is found as well, and nothing
// that only follows from the slip. Where that would not fit at its place, it stays as it is written.
import type { Document } from './document.ts';
import { isMap, type Json } from './json.ts';
import { pointerOf } from './json-pointer.ts';
import type { Path } from './places.ts';
import { problems, type ShapeProblem } from './shape-problem.ts';
import type { ShapeError } from './validator.gen.js';

export interface Mended {
  /** Its value has the keys and words that were meant, and a path into it stands where the misspelt one does. */
  readonly document: Document;
  readonly errors: readonly ShapeError[];
  /** What is wrong with its shape, what was mended included; their paths are those of `document`. */
  readonly problems: readonly ShapeProblem[];
}

interface Slip extends ShapeProblem {
  readonly meant: string;
}

type ErrorsOf = (value: Json) => readonly ShapeError[];

/** Under a misspelt section there may be a misspelt key, and in that a misspelt word. */
const mostRounds = 8;

export function mended(document: Document, errorsOf: ErrorsOf): Mended {
  const told: ShapeProblem[] = [];
  const refused = new Set<string>();
  const written = new Map<string, string>();
  let { value } = document;
  let errors = errorsOf(value);
  let found = problems(value, errors);
  for (let round = 0; round < mostRounds; round++) {
    const slips = found.filter((problem): problem is Slip => isSlip(problem) && !refused.has(placeOf(problem)));
    if (slips.length === 0) break;
    const fitting = fittingOf(slips, value, errorsOf, errors);
    for (const slip of slips) {
      if (fitting.has(slip)) told.push(slip);
      else refused.add(placeOf(slip));
    }
    if (fitting.size === 0) continue;
    for (const { path, which, meant } of fitting)
      if (which === 'key') written.set(pointerOf([...path.slice(0, -1), meant]), String(path.at(-1)));
    value = withMeant(value, fitting);
    errors = errorsOf(value);
    found = problems(value, errors);
  }
  if (told.length === 0) return { document, errors, problems: found };
  const span: Document['span'] = (path, which) => document.span(asWritten(path, written), which);
  return { document: { ...document, value, span }, errors, problems: [...told, ...found] };
}

function isSlip({ meant }: ShapeProblem): boolean {
  return meant !== undefined;
}

function placeOf({ path }: ShapeProblem): string {
  return pointerOf(path);
}

/** Those that make sense at their places: nothing stands there yet, what stands here fits there, and goes with what is beside it. */
function fittingOf(
  slips: readonly Slip[],
  value: Json,
  errorsOf: ErrorsOf,
  before: readonly ShapeError[],
): ReadonlySet<Slip> {
  const taken = new Set<string>();
  const free = slips.filter((slip) => {
    if (slip.which === 'value') return true;
    const place = pointerOf([...slip.path.slice(0, -1), slip.meant]);
    const owner = valueAt(value, slip.path.slice(0, -1));
    if (taken.has(place) || Object.hasOwn(Object(owner), slip.meant)) return false;
    taken.add(place);
    return true;
  });
  const known = new Set(before.map(identity));
  const misfits = new Set<string>();
  for (const error of errorsOf(withMeant(value, free))) {
    if (known.has(identity(error)) || lacksOrHolds.has(error.keyword)) continue;
    misfits.add(error.instancePath);
    // One key keeps another one out.
    if (error.keyword === 'false schema') misfits.add(error.instancePath.slice(0, error.instancePath.lastIndexOf('/')));
  }
  return new Set(
    free.filter(({ path, which, meant }) => {
      const owner = path.slice(0, -1);
      return !misfits.has(pointerOf(which === 'key' ? [...owner, meant] : path)) && !misfits.has(pointerOf(owner));
    }),
  );
}

/** These say of a map that something is missing or too much in it, not that it does not fit. */
const lacksOrHolds: ReadonlySet<string> = new Set(['additionalProperties', 'propertyNames', 'required', 'if']);

function identity({ instancePath, keyword, params }: ShapeError): string {
  return `${instancePath} ${keyword} ${JSON.stringify(params)}`;
}

/** Copies what leads to a slip, and nothing else. */
function withMeant(value: Json, slips: Iterable<Slip>): Json {
  const changes = new Map<string, Map<string, Slip>>();
  const touched = new Set<string>();
  for (const slip of slips) {
    const owner = slip.path.slice(0, -1);
    const at = pointerOf(owner);
    changes.set(at, (changes.get(at) ?? new Map<string, Slip>()).set(String(slip.path.at(-1)), slip));
    for (let length = 0; length <= owner.length; length++) touched.add(pointerOf(owner.slice(0, length)));
  }
  const copied = (one: Json, path: Path): Json => {
    const at = pointerOf(path);
    if (!touched.has(at)) return one;
    const slipsHere = changes.get(at);
    if (Array.isArray(one))
      return one.map((item: Json, index) => slipsHere?.get(String(index))?.meant ?? copied(item, [...path, index]));
    const map = Object.create(null) as Record<string, Json>;
    for (const [key, item] of Object.entries(isMap(one) ? one : {})) {
      const slip = slipsHere?.get(key);
      if (slip === undefined) map[key] = copied(item, [...path, key]);
      else if (slip.which === 'key') map[slip.meant] = item;
      else map[key] = slip.meant;
    }
    return map;
  };
  return copied(value, []);
}

function asWritten(path: Path, written: ReadonlyMap<string, string>): Path {
  return path.map((step, at) => written.get(pointerOf(path.slice(0, at + 1))) ?? step);
}

function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) value = (value as Record<string | number, Json> | null | undefined)?.[step];
  return value;
}
