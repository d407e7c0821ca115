// Variables as bytes. Node reads its environment as UTF-8 and puts U+FFFD for what is none; a variable that goes on as it came goes on
// with the bytes that it came with.
import { readFileSync } from 'node:fs';

const lost = '\ufffd';
let given: ReadonlyMap<string, Buffer> | null = null;

/** `NAME=value`. */
export function asGiven(name: string, value: string): string | Buffer {
  const variable = `${name}=${value}`;
  if (!value.includes(lost)) return variable;
  given ??= readGiven();
  return given.get(variable) ?? variable;
}

/** By what Node makes of them. */
function readGiven(): ReadonlyMap<string, Buffer> {
  const variables = new Map<string, Buffer>();
  const bytes = environment();
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    const variable = bytes.subarray(at, end === -1 ? bytes.length : end);
    variables.set(variable.toString(), variable);
    at += variable.length + 1;
  }
  return variables;
}

function environment(): Buffer {
  try {
    return readFileSync('/proc/self/environ');
  } catch {
    return Buffer.alloc(0);
  }
}
