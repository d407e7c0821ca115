// Programs that use the SDK, each in a process of its own: the SDK is bundled from the sources as they are now.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Options, execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

export interface SdkPrograms {
  /** Runs an ES module that finds `queue`, `lock` and `current` in scope. */
  run(source: string, env?: Readonly<Record<string, string>>): ReturnType<typeof start>;
  /** Runs an export of an ES module as the runner would. */
  launch(source: string, name: string, call?: object, env?: Readonly<Record<string, string>>): ReturnType<typeof start>;
}

/** For one file of tests; all is gone after them. */
export function sdkPrograms(): SdkPrograms {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  let written = 0;
  const write = (source: string): string => {
    written += 1;
    const file = join(folder, `program-${written}.mjs`);
    writeFileSync(file, `import { queue, lock, current } from './sdk.js';\n${source}`);
    return file;
  };
  beforeAll(async () => {
    await build({
      entryPoints: { sdk: join(root, 'src/sdk/index.ts'), launch: join(root, 'src/sdk/launch.ts') },
      outdir: folder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    run: (source, env) => start([write(source)], env),
    launch: (source, name, call = {}, env = {}) =>
      start([join(folder, 'launch.js'), write(source), name, JSON.stringify(call)], env),
  };
}

function start(args: string[], env: Readonly<Record<string, string>> = {}) {
  return execa(process.execPath, args, { reject: false, env } satisfies Options);
}
