// A machine decides and does nothing else: it must load, and could run, where there is no clock, timer, process, socket or
// file. Each is bundled with all it imports and evaluated in a realm of its own where those throw when touched.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build, type Plugin } from 'esbuild';
import { expect, test } from 'vitest';
import { machines } from './arrows.ts';

const root = join(import.meta.dirname, '..', '..');
const forbidden = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'fetch',
  'require',
];

test.each(machines)('%s loads where there is no clock, timer, process, socket or file', async (file) => {
  expect(existsSync(join(root, file))).toBe(true);
  const exported = await load({ entryPoints: [join(root, file)] });
  expect(Object.keys(exported).length).toBeGreaterThan(0);
});

test.each([
  ['export const started = Date.now();', '`Date` is not for machines'],
  ['export const timer = setTimeout(() => {}, 1);', '`setTimeout` is not for machines'],
  ['export const name = process.title;', '`process` is not for machines'],
  [
    "import { readFileSync } from 'node:fs'; export const text = readFileSync('/dev/null');",
    'node:fs is not for machines',
  ],
  ["import { connect } from 'node:net'; export const socket = connect(1);", 'node:net is not for machines'],
])('a machine that says %s is found', async (contents, message) => {
  await expect(load({ stdin: { contents, loader: 'ts' } })).rejects.toThrow(message);
});

async function load(entry: Parameters<typeof build>[0]): Promise<object> {
  const bundle = await build({
    ...entry,
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'machine',
    plugins: [refuseNode],
    logLevel: 'silent',
  });
  const realm = createContext({ Buffer, TextDecoder, TextEncoder });
  runInContext(
    `for (const name of ${JSON.stringify(forbidden)})
    Object.defineProperty(globalThis, name, { get() { throw new Error('\`' + name + '\` is not for machines'); } });`,
    realm,
  );
  return runInContext(`${bundle.outputFiles?.[0]?.text}; machine`, realm) as object;
}

const refuseNode: Plugin = {
  name: 'refuse-node',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^node:/ }, ({ path }) => ({ errors: [{ text: `${path} is not for machines` }] }));
  },
};
