// A valid file → the Pipeline: short forms written out, durations and sizes as numbers, params and `env_file`s read. What
// was of the wrong shape is not in the file any more and was complained of already, so that nothing is said twice.
import { dirname, parse, resolve } from 'node:path';
import { Names } from './data.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Document } from './document.ts';
import { environmentWith, layOver, withEnvironment } from './environment.ts';
import { EnvironmentFiles } from './environment-file.ts';
import { keyOf } from './finding.ts';
import { readItemSchemas } from './item-schemas.ts';
import { type Known, nameSet } from './known.ts';
import { outputChecks } from './output-check.ts';
import { type Given, readParameters } from './parameters.ts';
import type { JoinDeclaration, Pipeline, PipeDeclaration, ProcessDeclaration } from './pipeline.ts';
import { readLock } from './read-lock.ts';
import { readProcess, type Surroundings } from './read-process.ts';
import { readQueue } from './read-queue.ts';
import { Reading } from './reading.ts';
import { needsAt, referencesAt } from './reference.ts';
import type { Join, Pipe, PipelineFile } from './schema.gen.ts';
import { countAt, durationAt, type Place } from './setting.ts';
import { complainOfShadowed } from './shadowed.ts';
import { complainOfUnsafe } from './unsafe.ts';
import type { WrittenProcess } from './written-process.ts';

export interface ReadOptions extends Given {
  /** Instead of the file's own. */
  readonly slots?: number | undefined;
  /** The folder that paths are resolved against; by default the file's own. */
  readonly root?: string;
}

export async function read(
  file: PipelineFile,
  document: Document,
  options: ReadOptions = {},
): Promise<{ pipeline: Pipeline; diagnostics: readonly Diagnostic[] }> {
  const reading = new Reading(document);
  const { findings } = reading;
  const root = resolve(options.root ?? (document.source.file === '-' ? '.' : dirname(document.source.file)));
  const files = new EnvironmentFiles(root);
  complainOfUnsafe(file, reading);

  const parameters = await readParameters(file.params ?? {}, options, reading);
  const paramsOnly: Place = {
    reading,
    scope: new Names().with('params', parameters.names),
    known: { ...nothingKnown, params: nameSet(Object.keys(file.params ?? {})) },
  };
  const secrets = [file.secrets ?? []].flat();
  const fileLayers = await files.layersAt(['env_file'], file.env_file, paramsOnly);
  const inFiles = nameSet([...secrets, ...fileLayers.flatMap(({ entries }) => entries.map(({ name }) => name))]);
  const own = Object.entries(file.env ?? {}).map(([name, value]) => ({
    name,
    value: reading.formula(['env', name], value, { ...paramsOnly.known, env: inFiles }),
  }));
  const environment = [...fileLayers, { entries: own }].reduce(
    (under, layer) => layOver(under, layer, paramsOnly.scope, reading.complain),
    environmentWith(new Set(secrets)),
  );
  const place: Place = {
    reading,
    scope: withEnvironment(paramsOnly.scope, environment),
    known: { ...paramsOnly.known, env: nameSet([...secrets, ...environment.keys()]) },
  };

  const items = await readItemSchemas(file.queues ?? {}, root, reading);
  const around = { ...place, defaults: file.defaults ?? {}, files, outputsFor: outputChecks(file) };
  const processes = await Promise.all([
    ...processesOf('process', file, around),
    ...processesOf('daemon', file, around),
  ]);
  const start = (path: readonly (string | number)[]) => findings.span(keyOf(path)).start;
  const pipeline: Pipeline = {
    document,
    root,
    name: file.name ?? nameOf(document.source.file),
    description: file.description ?? null,
    params: parameters.values,
    timeoutMs: durationAt(['timeout'], file.timeout, place) ?? null,
    slots: options.slots ?? countAt(['slots'], file.slots, place, 1) ?? null,
    secrets,
    environment,
    scope: place.scope,
    queues: Object.entries(file.queues ?? {}).map(([name, queue]) =>
      readQueue(name, queue, items.get(name) ?? null, place, root),
    ),
    locks: Object.entries(file.locks ?? {}).map(([name, lock]) => readLock(name, lock, findings)),
    pipes: Object.entries(file.pipes ?? {}).map(([name, pipe]) => readPipe(name, pipe)),
    processes: inOrder(processes, start),
    joins: Object.entries(file.joins ?? {}).map(([name, join]) => readJoin(name, join, place)),
  };
  complainOfUnused(pipeline, file, reading);
  complainOfShadowed(file, processes, reading.used.env, findings);
  return { pipeline, diagnostics: findings.diagnostics };
}

const nothingKnown: Known = {
  params: new Map(),
  env: new Map(),
  matrix: null,
  replica: false,
  item: false,
  later: true,
  outputs: null,
};

function processesOf(
  kind: 'process' | 'daemon',
  file: PipelineFile,
  around: Surroundings,
): Promise<ProcessDeclaration>[] {
  const written = (kind === 'process' ? file.processes : file.daemons) ?? {};
  return Object.entries(written).map(([name, each]) => readProcess(kind, name, each as WrittenProcess, around));
}

function inOrder<T extends { readonly path: readonly (string | number)[] }>(
  things: readonly T[],
  start: (path: T['path']) => number,
): readonly T[] {
  return things
    .map((thing) => ({ thing, at: start(thing.path) }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing);
}

function readJoin(name: string, join: Join, place: Place): JoinDeclaration {
  const path = ['joins', name];
  return {
    name,
    path,
    processes: referencesAt([...path, 'processes'], join.processes),
    queues: referencesAt([...path, 'queues'], join.queues),
    mode: join.mode === undefined || join.mode === 'all' ? 'all' : join.mode === 'any' ? 1 : Number(join.mode),
    needs: needsAt([...path, 'needs'], join.needs),
    timeoutMs: durationAt([...path, 'timeout'], join.timeout, place) ?? null,
    onTimeout: join.on_timeout ?? 'fail',
    onPass: join.on_pass ?? 'nothing',
  };
}

function readPipe(name: string, pipe: Pipe): PipeDeclaration {
  const path = ['pipes', name];
  if (Array.isArray(pipe)) return { name, path, ends: referencesAt(path, pipe), duplex: true, encoding: 'json' };
  const ends = referencesAt([...path, 'between'], pipe.between);
  return { name, path, ends, duplex: pipe.duplex ?? true, encoding: pipe.encoding ?? 'json' };
}

function complainOfUnused({ params }: Pipeline, file: PipelineFile, { used, findings }: Reading): void {
  if (used.params.has('*')) return;
  for (const name of Object.keys(file.params ?? {})) {
    if (used.params.has(name.toLowerCase()) || !(name in params)) continue;
    findings.warning('unused', keyOf(['params', name]), `param \`${name}\` is used nowhere`, {
      hint: `use it as \`\${{ params.${name} }}\`, or take it out`,
    });
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'pipeline' : parse(file).name.replace(/\.pipeline$/, '');
}
