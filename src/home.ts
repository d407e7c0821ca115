// Where Forkline's own files are, whether this runs from dist/ or from the sources.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = findRoot(here);
/** The one that this runs from, which has another name while it is being built. */
const dist = /^dist[^/]*/.exec(relative(root, here))?.[0] ?? 'dist';

export const home = {
  root,
  dist: join(root, dist),
  /** The process of the broker, which is told where `dist` is. */
  broker: join(root, 'bin', 'broker.cjs'),
  /** The keeper's process, where the build had a compiler. */
  nativeKeeper: join(root, dist, 'keeper', 'forkline-keeper'),
  /** The same in Perl. */
  keeper: join(root, dist, 'keeper', 'keeper.pl'),
  /** What stands in for the keeper, where there is none, once the runner is gone. */
  watchdog: join(root, dist, 'keeper', 'watchdog.sh'),
  /** Starts a JavaScript target. */
  launch: join(root, dist, 'launch.js'),
  /** What `import 'forkline'` means in a target. */
  sdk: join(root, dist, 'sdk.js'),
  /** For PYTHONPATH. */
  python: join(root, dist, 'python'),
  /** For PATH: holds `forkline`. */
  bin: join(root, 'bin'),
  /** For NODE_PATH: holds `forkline` as a package, for CommonJS. */
  modules: join(root, dist, 'modules'),
} as const;

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'forkline')
      return folder;
    if (dirname(folder) === folder) throw new Error(`Internal error: no package of forkline above ${start}`);
  }
}
