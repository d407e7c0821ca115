// Variables that are set and that no process ever sees: every layer above sets them anew, or Forkline does itself.
import { type Findings, keyOf } from './finding.ts';
import type { Path } from './document.ts';
import type { ProcessDeclaration } from './pipeline.ts';
import type { PipelineFile } from './schema.gen.ts';

export function complainOfShadowed(
  file: PipelineFile,
  processes: readonly ProcessDeclaration[],
  usedVariables: ReadonlySet<string>,
  findings: Findings,
): void {
  const { env = {}, defaults: { env: inDefaults = {} } = {} } = file;
  const own = processes.map((process) => ({ path: process.path, names: ownNames(process) }));
  for (const [path, names] of environmentsIn(file)) {
    for (const name of Object.keys(names)) {
      if (!ofForkline.has(name)) continue;
      findings.warning(
        'shadowed-env',
        keyOf([...path, name]),
        `\`${name}\` is set by Forkline itself, and this value is never seen`,
        { hint: 'take it out here, or give it another name' },
      );
    }
  }
  if (own.length === 0) return;
  const complain = (path: Path, name: string, by: Path): void => {
    if (usedVariables.has(name.toLowerCase()) || usedVariables.has('*')) return;
    findings.warning(
      'shadowed-env',
      keyOf(path),
      `no process sees this value of \`${name}\`, because all set it anew`,
      {
        hint: 'take it out here',
        related: [{ message: 'set anew here', at: keyOf(by) }],
      },
    );
  };
  const [first] = own;
  const anew = (name: string): Path | null =>
    first !== undefined && own.every(({ names }) => names.has(name)) ? [...first.path, 'env', name] : null;
  for (const name of Object.keys(env)) {
    const by = name in inDefaults ? ['defaults', 'env', name] : anew(name);
    if (by !== null) complain(['env', name], name, by);
  }
  for (const name of Object.keys(inDefaults)) {
    const by = anew(name);
    if (by !== null) complain(['defaults', 'env', name], name, by);
  }
}

/** The names a process's own layers set, its first being that of `defaults`. */
function ownNames({ environment }: ProcessDeclaration): ReadonlySet<string> {
  return new Set(environment.slice(1).flatMap(({ entries }) => entries.map(({ name }) => name)));
}

function environmentsIn({ env = {}, defaults, processes = {}, daemons = {} }: PipelineFile): readonly [Path, object][] {
  return [
    [['env'], env],
    [['defaults', 'env'], defaults?.env ?? {}],
    ...Object.entries(processes).map(([name, process]): [Path, object] => [
      ['processes', name, 'env'],
      process.env ?? {},
    ]),
    ...Object.entries(daemons).map(([name, daemon]): [Path, object] => [['daemons', name, 'env'], daemon.env ?? {}]),
  ];
}

/** What every process finds in its environment, whatever the pipeline says. */
const ofForkline = new Set([
  'FORKLINE_SOCKET',
  'FORKLINE_TOKEN',
  'FORKLINE_PROCESS',
  'FORKLINE_RUN_ID',
  'FORKLINE_RUN_DIR',
  'FORKLINE_ATTEMPT',
  'FORKLINE_NODE',
]);
