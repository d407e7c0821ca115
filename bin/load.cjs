// Loads a bundle of dist/, the command line or the broker, with the machine code that V8 had made of it when it was built:
// compiling it anew would take longer than a short run. Another version of Node refuses that code, and compiles.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

/** What is kept as `code` of each bundle that was loaded, once it has run for a while. */
const loaded = [];

function load(dist, name) {
  const filename = path.join(dist, `${name}.cjs`);
  const code = path.join(dist, `${name}.code`);
  const script = new Script(Module.wrap(readFileSync(filename, 'utf8')), { filename, cachedData: read(code) });
  loaded.push({ name, code, script });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, Module.createRequire(filename), module, filename, dist);
  return module.exports;
}

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { load, loaded };
