// The stdin of a verb. A folder there is refused: Node would take it for one that is empty, and a script for one that was read.
import { fstatSync } from 'node:fs';

export function stdin(): NodeJS.ReadStream {
  if (fstatSync(0).isDirectory()) throw new Error('cannot read stdin: it is a folder');
  return process.stdin;
}
