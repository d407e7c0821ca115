// Every way in which a process may fail to start, in words: of that process alone, with what would mend it.
import { existsSync, openSync, readSync, closeSync, accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { LaunchSpec, StdioSink, StdioSource } from './launcher.ts';

/** What was being done, and the name of the system's error. */
export interface Setback {
  readonly step: 'cwd' | 'stdin' | 'stdout' | 'stderr' | 'program' | 'start';
  readonly code: string;
}

export function refusalOf({ step, code }: Setback, spec: LaunchSpec): string {
  if (code === 'EMFILE' || code === 'ENFILE') return `no more files can be opened (${code}); see \`ulimit -n\``;
  if (code === 'EAGAIN') return 'no more processes can be started (EAGAIN); see `ulimit -u`';
  switch (step) {
    case 'cwd':
      return code === 'ENOTDIR'
        ? `its working directory \`${spec.cwd}\` is not a folder`
        : `its working directory \`${spec.cwd}\` cannot be entered (${code})`;
    case 'stdin':
    case 'stdout':
    case 'stderr':
      return streamRefusal(spec[step], code);
    case 'program':
      return programRefusal(code, spec);
    case 'start':
      return `it could not be started (${code})`;
  }
}

/** An argument or a variable that the system would cut short. */
export function nulIn({ argv, env }: LaunchSpec): boolean {
  return argv.some((word) => word.includes('\0')) || Object.values(env).some((value) => value.includes('\0'));
}

/** In the place of a system's error. */
export const FIFO = 'FIFO';

export const NUL_REFUSAL = 'an argument or an environment variable holds a NUL character';

function streamRefusal(stream: StdioSource | StdioSink, code: string): string {
  if (stream.type !== 'file') return `its streams could not be laid (${code})`;
  const { path } = stream;
  switch (code) {
    case 'ENOENT': {
      // One that is read must be there; one that is written is made, but not the folder that it is in.
      const isWritten = 'append' in stream && !existsSync(dirname(path));
      return isWritten
        ? `there is no folder \`${dirname(path)}\` for the file \`${path}\``
        : `there is no file \`${path}\``;
    }
    case 'EACCES':
      return `the file \`${path}\` may not be opened`;
    case FIFO:
      return `\`${path}\` is a FIFO, and without the keeper nobody can wait for its other end`;
    case 'EISDIR':
      return `\`${path}\` is a folder, and a file was expected`;
    default:
      return `the file \`${path}\` could not be opened (${code})`;
  }
}

function programRefusal(code: string, { argv, cwd, env }: LaunchSpec): string {
  const [file = ''] = argv;
  switch (code) {
    case 'ENOENT': {
      const found = places(file, cwd, env.PATH ?? '').find(isExecutable);
      if (found === undefined) return `there is no program \`${file}\``;
      const interpreter = interpreterOf(found);
      return `\`${file}\` cannot be executed: its interpreter${interpreter === '' ? '' : ` \`${interpreter}\``} is missing`;
    }
    case 'EACCES':
      // Also what the system says where it found none, but a folder of PATH that may not be entered.
      return file.includes('/') || places(file, cwd, env.PATH ?? '').some((place) => existsSync(place))
        ? `\`${file}\` may not be executed`
        : `there is no program \`${file}\``;
    case 'ENOEXEC':
      return `\`${file}\` is no program of this machine, and no script either: a script's first line names its interpreter, as \`#!/bin/sh\` does`;
    case 'E2BIG':
      return 'its arguments and environment are too long for the system (E2BIG)';
    default:
      return `\`${file}\` cannot be executed (${code})`;
  }
}

/** Where the system would look for a program, in order. */
function places(file: string, cwd: string, path: string): readonly string[] {
  const folders = file.includes('/') ? [cwd] : path.split(delimiter).map((folder) => (folder === '' ? cwd : folder));
  return folders.map((folder) => (file.startsWith('/') ? file : join(folder, file)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As its first line names it; empty where that cannot be read. */
function interpreterOf(path: string): string {
  try {
    const file = openSync(path, 'r');
    const start = Buffer.alloc(256);
    const read = readSync(file, start, 0, start.length, 0);
    closeSync(file);
    return /^#![ \t]*([^ \t\n]+)/.exec(start.toString('utf8', 0, read))?.[1] ?? '';
  } catch {
    return '';
  }
}
