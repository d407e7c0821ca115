// The pipeline a command is about: which file it is where none is named, and reading it.
import { existsSync } from 'node:fs';
import type { Source } from '../pipeline/source.ts';
import { loadSource } from '../engine.ts';
import { CallError, reasonOf } from './call-error.ts';

const usual = ['pipeline.yaml', 'forkline.yaml'];

export async function loadPipeline(file: string = usualFile()): Promise<Source> {
  try {
    return await loadSource(file);
  } catch (error) {
    throw new CallError(`cannot read \`${file}\`: ${reasonOf(error)}`);
  }
}

function usualFile(): string {
  const file = usual.find((name) => existsSync(name));
  if (file === undefined) {
    throw new CallError(
      `no pipeline is here: expected ${usual.map((name) => `\`${name}\``).join(' or ')}`,
      'name a file, or `-` for standard input',
    );
  }
  return file;
}
