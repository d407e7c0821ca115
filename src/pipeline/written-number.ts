// Numbers that would reach a program as another text than the author wrote: `VERSION: 1.10` would become `1.1`.
import type { Diagnostic } from './diagnostic.ts';
import type { Document, Path } from './document.ts';
import { isMap, type Json } from './json.ts';

export function numbersWrittenOtherwise(document: Document): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const path of textPlaces(document.value)) {
    const span = document.span(path);
    const value = String(valueAt(document.value, path));
    const written = document.source.text.slice(span.start, span.end);
    // An alias stands where it stands; what it names is looked at in its own place.
    if (written === value || /^[*!&]/.test(written)) continue;
    found.push({
      code: 'schema',
      severity: 'error',
      message: `\`${written}\` would be handed over as \`${value}\``,
      file: document.source.file,
      span,
      related: [],
      hint: `put it into quotes: \`"${written}"\``,
    });
  }
  return found;
}

/** Where a number stands for its text: the values of `env`, the items of `command`. */
function textPlaces(root: Json): Path[] {
  const maps: Path[] = [['env'], ['defaults', 'env']];
  for (const section of ['processes', 'daemons']) {
    const declared = valueAt(root, [section]);
    if (!isMap(declared)) continue;
    for (const name of Object.keys(declared)) maps.push([section, name, 'env'], [section, name, 'command']);
  }
  return maps.flatMap((path) => {
    const values = valueAt(root, path);
    if (Array.isArray(values))
      return values.flatMap((value, index) => (typeof value === 'number' ? [[...path, index]] : []));
    if (!isMap(values)) return [];
    return Object.entries(values).flatMap(([key, value]) => (typeof value === 'number' ? [[...path, key]] : []));
  });
}

function valueAt(root: Json, path: Path): Json {
  let value: Json = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string | number, Json>)[step] ?? null;
  }
  return value;
}
