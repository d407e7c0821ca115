// The document against the schema: every mistake of shape as one finding, in our words (shape-problem.ts), and what fits
// as a typed PipelineFile for those after it, so that a mistake of shape in one place hides no wrong name in another.
import type { Diagnostic } from './diagnostic.ts';
import type { Document, Path } from './document.ts';
import type { Unread } from './echo.ts';
import { isMap, type Json } from './json.ts';
import { pathIn } from './json-pointer.ts';
import { mended } from './mend.ts';
import type { PipelineFile } from './schema.gen.ts';
import type { ShapeProblem } from './shape-problem.ts';
import { numbersWrittenOtherwise } from './written-number.ts';
import matches, { type ShapeError } from './validator.gen.js';

/**
 * `file` is the value without what does not fit. What is declared by a name keeps it, though: a process whose launch is
 * broken stays, with none of `run`, `command` and `target`; another entry of which nothing fits is an empty map. A list
 * ends before its first item that does not fit, so that every path into `file` is the same in `document`.
 */
export function validate(written: Document): Validated {
  const { document, errors, problems } = mended(written, shapeErrors);
  const found = [...diagnose(document, problems), ...numbersWrittenOtherwise(document)];
  const { file, leftOut } = fitting(document.value, errors);
  return { diagnostics: firstOf(found), document, file: withSettings(file), unread: wordsOf(leftOut) };
}

interface Validated {
  readonly diagnostics: Diagnostic[];
  /** With what was misspelt as it was most likely meant; paths into `file` are paths into this one. */
  readonly document: Document;
  readonly file: PipelineFile;
  readonly unread: Unread;
}

/** `queues: { dishes: }` declares a queue by its name alone: all its settings are as they are by default. */
function withSettings(file: PipelineFile): PipelineFile {
  const { queues, locks } = file;
  return isWhole(queues) && isWhole(locks) ? file : { ...file, ...filled('queues', queues), ...filled('locks', locks) };
}

function isWhole(entries: Readonly<Record<string, unknown>> = {}): boolean {
  return Object.values(entries).every((settings) => settings !== null);
}

function filled<K extends 'queues' | 'locks'>(section: K, entries: PipelineFile[K]): Pick<PipelineFile, K> {
  const given = Object.entries(entries ?? {}).map(([name, settings]) => [name, settings ?? {}] as const);
  return { [section]: Object.assign(Object.create(null), Object.fromEntries(given)) } as Pick<PipelineFile, K>;
}

function shapeErrors(value: Json): readonly ShapeError[] {
  return matches(value) ? [] : (matches.errors ?? []).slice(0, mostErrors);
}

/** More are no mistakes but another kind of file. */
const mostErrors = 10_000;
const mostFindings = 200;

function diagnose(document: Document, found: readonly ShapeProblem[]): Diagnostic[] {
  return found.map(({ code = 'schema', path, which, message, hint }) => ({
    code,
    severity: 'error',
    message,
    file: document.source.file,
    span: document.span(path, which),
    related: [],
    ...(hint === undefined ? {} : { hint }),
  }));
}

function firstOf(found: Diagnostic[]): Diagnostic[] {
  found.sort((a, b) => a.span.start - b.span.start);
  const next = found[mostFindings];
  if (next === undefined) return found;
  return [...found.slice(0, mostFindings), { ...next, message: 'there are more mistakes of shape from here on' }];
}

type LeftOut = readonly { readonly path: Path; readonly value: Json }[];

/** Takes out what errs, and then what errs because of that, until the rest fits. */
function fitting(value: Json, errors: readonly ShapeError[]): { file: PipelineFile; leftOut: LeftOut } {
  if (!isMap(value) || errors.length >= mostErrors) return { file: {}, leftOut: [{ path: [], value }] };
  if (errors.length === 0) return { file: value as PipelineFile, leftOut: [] };
  const rest = copy(value);
  const leftOut: { path: Path; value: Json }[] = [];
  for (let left = errors; left.length > 0; left = shapeErrors(rest).filter((error) => !isKept(rest, error))) {
    for (const error of left) {
      const path = placeOf(rest, error);
      const removed = path === null ? undefined : remove(rest, path);
      if (path !== null && removed !== undefined) leftOut.push({ path, value: removed });
    }
  }
  return { file: rest as PipelineFile, leftOut };
}

function wordsOf(leftOut: LeftOut): Unread {
  const words = new Set<string>();
  const inSections = new Set<string>();
  const blanks = leftOut.filter(({ value }) => typeof value === 'number' || typeof value === 'boolean');
  for (const { path, value } of leftOut) {
    const text = JSON.stringify(value);
    for (const [word] of text.matchAll(/[\p{L}\p{N}_-]+/gu)) {
      words.add(word);
      if (path.length < 2) inSections.add(word);
    }
  }
  return { words, inSections, blanks: blanks.map(({ path }) => path) };
}

/** A name is kept whatever is wrong with it, or lacks in what it names. */
function isKept(value: Json, error: ShapeError): boolean {
  if (error.keyword === 'if' || error.keyword === 'propertyNames' || error.propertyName !== undefined) return true;
  return error.keyword === 'required' && isDeclaration(pathIn(value, error.instancePath));
}

/** `processes.chef`, `queues.dishes`: what is declared by name. */
function isDeclaration(path: readonly (string | number)[]): boolean {
  return path.length === 2 && declaring.has(String(path[0]));
}

const declaring = new Set(['params', 'queues', 'pipes', 'locks', 'processes', 'daemons', 'joins']);

/** What goes for an error: the key that may not be there, or the value that is not right. */
function placeOf(value: Json, error: ShapeError): readonly (string | number)[] | null {
  if (isKept(value, error)) return null;
  const path = pathIn(value, error.instancePath);
  const key = error.params['additionalProperty'] ?? error.params['property'];
  return typeof key === 'string' ? [...path, key] : path;
}

type Tree = Record<string | number, Json>;

/** What was there, if anything was. */
function remove(root: Json, path: Path): Json | undefined {
  let parent = root as Tree;
  for (const step of path.slice(0, -1)) {
    const next = parent[step];
    // An error before this one has taken it out.
    if (typeof next !== 'object' || next === null) return undefined;
    parent = next as Tree;
  }
  const last = path.at(-1) as string | number;
  const removed = Array.isArray(parent) ? (parent.slice(Number(last)) as Json) : parent[last];
  if (isDeclaration(path)) parent[last] = Object.create(null) as Tree;
  else if (Array.isArray(parent)) parent.length = Math.min(parent.length, Number(last));
  else delete parent[last];
  return removed;
}

function copy(value: Json): Json {
  if (Array.isArray(value)) return value.map(copy);
  if (!isMap(value)) return value;
  const copied = Object.create(null) as Tree;
  for (const [key, one] of Object.entries(value)) copied[key] = copy(one);
  return copied;
}
