// JSON pointers (RFC 6901): a place in a value as a text.
import type { Json } from './json.ts';
import type { Path } from './places.ts';

export function pointerOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** As it stands after a `#`. */
export function fragmentOf(pointer: string): string {
  return encodeURI(pointer).replaceAll('#', '%23');
}

/** What stands after a `#`, as it was meant. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As the path that it is in a value: what looks like a number is an index only in a list. */
export function pathIn(root: Json, pointer: string): Path {
  const path: (string | number)[] = [];
  let value: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(step) : step);
    value = childOf(value, step);
  }
  return path;
}

export function valueAt(root: Json, pointer: string): Json | undefined {
  let value: Json | undefined = root;
  for (const step of pathIn(root, pointer)) value = childOf(value, String(step));
  return value;
}

function childOf(value: Json | undefined, step: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as { readonly [key: string]: Json })[step];
}
