// No file needs one that needs it, not even for its types: what belongs together so closely belongs in one file, or in a third one.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** By each file those that it imports. */
type Imports = ReadonlyMap<string, readonly string[]>;

function importsOf(pattern: string, read: (file: string, text: string) => readonly string[]): Imports {
  const files = globSync(pattern, { cwd: root });
  return new Map(files.map((file) => [file, read(file, readFileSync(join(root, file), 'utf8'))]));
}

function typescript(file: string, text: string): readonly string[] {
  return [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/g)].map(([, path = '']) =>
    new URL(path, `file:///${file}`).pathname.slice(1),
  );
}

function python(file: string, text: string): readonly string[] {
  const named = [...text.matchAll(/^\s*from \.(\w*) import ([^(\n]+)/gm)];
  const modules = named.flatMap(([, module = '', names = '']) =>
    module === '' ? names.split(',').map((name) => name.trim().split(' ')[0] ?? '') : [module],
  );
  return modules.map((module) => file.replace(basename(file), `${module}.py`));
}

/** A way from a file back to itself; null where there is none. */
function circleIn(imports: Imports): string | null {
  const seen = new Set<string>();
  const follow = (file: string, way: readonly string[]): string | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(' → ');
    if (seen.has(file)) return null;
    seen.add(file);
    for (const next of imports.get(file) ?? []) {
      const found = follow(next, [...way, file]);
      if (found !== null) return found;
    }
    return null;
  };
  for (const file of imports.keys()) {
    const found = follow(file, []);
    if (found !== null) return found;
  }
  return null;
}

test('no file of TypeScript needs one that needs it', () => {
  const imports = importsOf('src/**/*.ts', typescript);
  expect(imports.get('src/broker/queue.ts')).toContain('src/broker/custody.ts');
  expect(circleIn(imports)).toBeNull();
});

test('no module of the SDK for Python needs one that needs it', () => {
  const imports = importsOf('src/sdk/python/forkline/*.py', python);
  expect(imports.get('src/sdk/python/forkline/sigterm.py')).toContain('src/sdk/python/forkline/process.py');
  expect(circleIn(imports)).toBeNull();
});

test('a circle that is planted is found', () => {
  const read = (text: string) => typescript('src/a/one.ts', text);
  const imports = new Map([
    ['src/a/one.ts', read("import type { Two } from '../b/two.ts';")],
    ['src/b/two.ts', ['src/b/three.ts']],
    ['src/b/three.ts', ['src/b/two.ts']],
  ]);
  expect(circleIn(imports)).toBe('src/b/two.ts → src/b/three.ts → src/b/two.ts');
});
