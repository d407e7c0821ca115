// One process or daemon as it is declared, with `defaults` laid under it.
import type { Path } from './document.ts';
import type { EnvironmentLayer } from './environment.ts';
import type { EnvironmentFiles } from './environment-file.ts';
import type { Formula } from './formula.ts';
import type { Json } from './json.ts';
import { type Known, type NameSet, nameSet, type OutputCheck } from './known.ts';
import type { LaunchDeclaration, OutputDeclaration, ProcessDeclaration, StdinDeclaration } from './pipeline.ts';
import { againOf } from './read-again.ts';
import { readyOf } from './read-ready.ts';
import { keysOf, readMatrix } from './read-matrix.ts';
import type { Reading } from './reading.ts';
import { holdsAt, needsAt, referenceAt, referencesAt } from './reference.ts';
import { readUses } from './read-uses.ts';
import type { Defaults, Env, Output, Stdin } from './schema.gen.ts';
import { countAt, type Place } from './setting.ts';
import type { WrittenProcess } from './written-process.ts';

/** What a process shares with all others of its file. */
export interface Surroundings extends Place {
  readonly defaults: Defaults;
  readonly files: EnvironmentFiles;
  /** Which outputs the process of that name may read. */
  readonly outputsFor: (name: string, written: WrittenProcess) => OutputCheck;
}

export async function readProcess(
  kind: 'process' | 'daemon',
  name: string,
  written: WrittenProcess,
  around: Surroundings,
): Promise<ProcessDeclaration> {
  const { reading, defaults } = around;
  const path = [kind === 'process' ? 'processes' : 'daemons', name];
  const at = (key: string): Path => [...path, key];
  /** The written value, or the one from `defaults`, with the place it stands at. */
  const setting = <K extends keyof Defaults & keyof WrittenProcess>(key: K) =>
    written[key] === undefined ? ([['defaults', key], defaults[key]] as const) : ([at(key), written[key]] as const);

  const replicas = countAt(at('replicas'), written.replicas, around);
  const workers = countAt(at('workers'), written.workers, around, 1);
  const matrix = written.matrix === undefined ? null : readMatrix(at('matrix'), written.matrix as Json, around);
  const matrixBroken = written.matrix !== undefined && matrix === null;

  const fileLayers = await around.files.layersAt(at('env_file'), written.env_file, around);
  const inFiles = fileLayers.flatMap(({ entries }) => entries.map((entry) => entry.name));
  const underDefaults = around.known.env;
  const underOwn = withNames(withNames(underDefaults, Object.keys(defaults.env ?? {})), inFiles);
  const known: Known = {
    ...around.known,
    env: withNames(underOwn, Object.keys(written.env ?? {})),
    matrix: matrix === null ? (matrixBroken ? 'any' : null) : nameSet(keysOf(matrix)),
    replica: true,
    item: written.each !== undefined,
  };
  const withOutputs: Known = { ...known, outputs: around.outputsFor(name, written) };
  const formula = (where: Path, value: Json, names: Known = known): Formula => reading.formula(where, value, names);
  const planned = ([where, value]: readonly [Path, Json | undefined]): Formula | null =>
    value === undefined ? null : formula(where, value, { ...known, later: false });
  /** A variable may use what the layers under its own have set. */
  const layer = (where: Path, env: Env | undefined, under: NameSet): EnvironmentLayer => ({
    entries: Object.entries(env ?? {}).map(([variable, value]) => ({
      name: variable,
      value: formula([...where, variable], value, { ...withOutputs, env: under }),
    })),
  });
  const [cwdPath, cwd] = setting('cwd');
  const stopPath = (key: 'signal' | 'grace'): Path =>
    written.stop?.[key] === undefined ? ['defaults', 'stop', key] : [...at('stop'), key];

  return {
    name,
    path,
    kind,
    launch: launchOf(written, at, setting('shell'), (where, value) => formula(where, value, withOutputs), planned),
    uses: readUses(path, written, (where, value) => formula(where, value, { ...known, later: false }), reading),
    needs: needsAt(at('needs'), written.needs),
    if: conditionOf(written.if, at('if'), withOutputs, reading),
    puts: referencesAt(at('puts'), written.puts),
    gets: referencesAt(at('gets'), written.gets),
    locks: referencesAt(at('locks'), written.locks),
    holds: holdsAt(at('holds'), written.holds),
    controls: referencesAt(at('controls'), written.controls),
    each: written.each === undefined ? null : referenceAt(at('each'), written.each),
    workers: workers ?? 1,
    stdin: stdinOf(written.stdin, at('stdin'), formula),
    stdout: outputOf(written.stdout, at('stdout'), formula),
    stderr: outputOf(written.stderr, at('stderr'), formula),
    tty: written.tty ?? false,
    replicas: replicas ?? null,
    matrix,
    countBroken: matrixBroken || (written.replicas !== undefined && replicas === undefined),
    cwd: cwd === undefined ? null : formula(cwdPath, cwd, withOutputs),
    environment: [
      layer(['defaults', 'env'], defaults.env, underDefaults),
      ...fileLayers,
      layer(at('env'), written.env, underOwn),
    ],
    timeout: planned(setting('timeout')),
    stop: {
      signal: written.stop?.signal ?? defaults.stop?.signal ?? 'SIGTERM',
      grace: planned([stopPath('grace'), written.stop?.grace ?? defaults.stop?.grace]),
    },
    successExitCodes: [written.success_exit_codes ?? []].flat(),
    onFailure: kind === 'daemon' ? 'stop' : (setting('on_failure')[1] ?? 'stop'),
    ready: readyOf([at('ready'), written.ready], planned),
    again: againOf(
      { kind, retry: setting('retry'), restart: [at('restart'), written.restart] },
      planned,
      reading.findings,
    ),
    outputs: [...new Set([written.outputs ?? []].flat())],
  };
}

type FormulaAt = (where: Path, value: Json) => Formula;
type PlannedAt = (setting: readonly [Path, Json | undefined]) => Formula | null;

function launchOf(
  { run, command, target, args, kwargs }: WrittenProcess,
  at: (key: string) => Path,
  [shellPath, shell]: readonly [Path, Json | undefined],
  formula: FormulaAt,
  planned: PlannedAt,
): LaunchDeclaration | null {
  if (run !== undefined) return { type: 'shell', shell: formula(shellPath, shellArgv(shell)), script: run };
  if (command !== undefined) return { type: 'command', argv: formula(at('command'), command) };
  const file = planned([at('target'), target]);
  if (file === null) return null;
  return {
    type: 'target',
    target: file,
    args: formula(at('args'), args ?? []),
    kwargs: formula(at('kwargs'), kwargs ?? {}),
  };
}

/** Complete but for the script, which comes last. */
function shellArgv(shell: Json | undefined): Json {
  if (shell === undefined || shell === 'sh') return ['sh', '-eu', '-c'];
  if (shell === 'bash') return ['bash', '-euo', 'pipefail', '-c'];
  return shell;
}

function conditionOf(
  written: string | boolean | undefined,
  path: Path,
  known: Known,
  reading: Reading,
): Formula | null {
  if (written === undefined) return null;
  if (typeof written === 'boolean') return { kind: 'constant', path, value: written };
  return reading.condition(path, written, known);
}

function stdinOf(written: Stdin | undefined, path: Path, formula: FormulaAt): StdinDeclaration {
  if (written?.queue !== undefined) {
    const { format = 'lines', done = 'written' } = written as { format?: 'lines' | 'json'; done?: 'written' | 'exit' };
    return { type: 'queue', queue: referenceAt([...path, 'queue'], written.queue), format, done };
  }
  if (written && 'process' in written && written.process !== undefined)
    return { type: 'process', process: referenceAt([...path, 'process'], written.process) };
  if (written && 'file' in written) return { type: 'file', file: formula([...path, 'file'], written.file) };
  return { type: 'null' };
}

function outputOf(written: Output | undefined, path: Path, formula: FormulaAt): OutputDeclaration {
  if (written === undefined) return { type: 'log' };
  if (written === null) return { type: 'null' };
  if (!('file' in written)) {
    const { queue, format = 'lines' } = written;
    return { type: 'queue', queue: referenceAt([...path, 'queue'], queue), format };
  }
  return { type: 'file', file: formula([...path, 'file'], written.file), append: written.append ?? false };
}

function withNames(known: NameSet, names: readonly string[]): NameSet {
  return names.length === 0 ? known : new Map([...known, ...nameSet(names)]);
}
