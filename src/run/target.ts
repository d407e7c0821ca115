// How a function in a file becomes an argv. JavaScript and TypeScript targets are compiled before the run, all in one go, and started
// by our launcher; Python's are started by `forkline_launch.py`. What planning has compiled is not compiled again.
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { home } from '../home.ts';
import { isProcess } from '../plan/node-kind.ts';
import type { Launch, Plan, ProcessNode } from '../plan/plan.ts';
import type { Compiled } from './target-module.ts';

type Target = Extract<Launch, { type: 'target' }>;

/** What is known of the plan's targets once they are prepared. */
export interface Targets {
  /** Source file → compiled module, or why it could not be compiled. */
  readonly modules: ReadonlyMap<string, { readonly module: string } | { readonly refused: string }>;
  readonly python: { readonly program: string } | { readonly refused: string } | null;
}

/** Source file → what it was compiled into. */
export type Modules = ReadonlyMap<string, Compiled>;

/** By a plan's nodes: a plan with another timeout has the same ones. */
const kept = new WeakMap<Plan['nodes'], Modules>();

export function keepModules(plan: Plan, modules: Modules): void {
  kept.set(plan.nodes, modules);
}

export function modulesOf(plan: Plan): Modules {
  return kept.get(plan.nodes) ?? new Map();
}

/** An argument this long is passed by file: the system's limit for one is 128 KiB. */
const longestArgument = 100 * 1024;

export async function prepareTargets(plan: Plan, folder: string): Promise<Targets> {
  const javascript = new Set<string>();
  let python = false;
  for (const node of plan.nodes) {
    if (!isProcess(node) || node.launch.type !== 'target') continue;
    if (node.launch.language === 'python') python = true;
    else javascript.add(node.launch.file);
  }
  const [modules, found] = await Promise.all([
    writeModules([...javascript], kept.get(plan.nodes), folder),
    python ? (await import('./target-python.ts')).findPython() : null,
  ]);
  return { modules, python: found };
}

async function writeModules(
  files: readonly string[],
  found: Modules | undefined,
  folder: string,
): Promise<Targets['modules']> {
  if (files.length === 0) return new Map();
  const modules = found ?? (await (await import('./target-module.ts')).compileTargets(files));
  const written = new Map<string, { readonly module: string } | { readonly refused: string }>();
  for (const [file, compiled] of modules) {
    if ('refused' in compiled) {
      written.set(file, { refused: `its target could not be compiled: ${compiled.refused[0] ?? ''}` });
      continue;
    }
    try {
      await Promise.all(compiled.outputs.map(({ name, contents }) => writeFile(join(folder, name), contents)));
      written.set(file, { module: join(folder, compiled.module) });
    } catch (error) {
      written.set(file, { refused: `its target, compiled, could not be written: ${(error as Error).message}` });
    }
  }
  return written;
}

/** The argv that starts a node, or why there is none. */
export function argvOf(
  node: ProcessNode,
  targets: Targets,
  folder: string,
): readonly string[] | { readonly refused: string } {
  const { launch } = node;
  if (launch.type === 'shell') return [...launch.shell, launch.script];
  if (launch.type === 'command') return launch.argv;
  const call = callOf(node.id, launch, folder);
  if (typeof call !== 'string') return call;
  if (launch.language === 'python') {
    if (!targets.python) throw new Error('Internal error: Python was not looked for');
    if ('refused' in targets.python) return targets.python;
    return [targets.python.program, join(home.python, 'forkline_launch.py'), launch.file, launch.export, call];
  }
  const compiled = targets.modules.get(launch.file);
  if (!compiled) throw new Error(`Internal error: ${launch.file} was not compiled`);
  if ('refused' in compiled) return compiled;
  return [process.execPath, '--enable-source-maps', home.launch, compiled.module, launch.export, call];
}

function callOf(id: string, { args, kwargs }: Target, folder: string): string | { readonly refused: string } {
  const call = JSON.stringify({ args, kwargs });
  if (Buffer.byteLength(call) < longestArgument) return call;
  // Beside the files of the run, whatever the process is called.
  const file = join(folder, `call.${id.replaceAll('/', '.')}.json`);
  try {
    writeFileSync(file, call);
    return `@${file}`;
  } catch (error) {
    return {
      refused: `its arguments, which are too long to be passed, could not be written: ${(error as Error).message}`,
    };
  }
}
