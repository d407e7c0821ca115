// Loads the command line, main.cjs, with the machine code that V8 had made of it when it was built: compiling it anew would
// take longer than a short run. Another version of Node refuses that code, and compiles.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

export function load(dist) {
  const filename = join(dist, 'main.cjs');
  const script = new Script(Module.wrap(readFileSync(filename, 'utf8')), { filename, cachedData: code(dist) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dist);
  return { script, ...module.exports };
}

export function codeFile(dist) {
  return join(dist, 'main.code');
}

function code(dist) {
  try {
    return readFileSync(codeFile(dist));
  } catch {
    return undefined;
  }
}
