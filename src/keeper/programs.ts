// The programs that can be the keeper of a run, the fastest first: the one in C where the build had a compiler, and the one in Perl.
import { existsSync } from 'node:fs';
import { home } from '../home.ts';

/** What they are called in FORKLINE_KEEPER. */
export const KEEPERS = ['native', 'perl'] as const;

export interface KeeperProgram {
  readonly name: (typeof KEEPERS)[number];
  readonly file: string;
  readonly args: readonly string[];
}

/** Those that are here; or only the one that `wanted` names. */
export function keeperPrograms(wanted = process.env['FORKLINE_KEEPER'] ?? ''): readonly KeeperProgram[] {
  if (wanted !== '') return all.filter(({ name }) => name === wanted);
  return all.filter(({ name, file }) => name !== 'native' || existsSync(file));
}

/** The system's own, where it is; what else is called so may be a script that looks for one. */
const SYSTEM_PERL = '/usr/bin/perl';

const all: readonly KeeperProgram[] = [
  { name: 'native', file: home.nativeKeeper, args: [] },
  { name: 'perl', file: existsSync(SYSTEM_PERL) ? SYSTEM_PERL : 'perl', args: [home.keeper] },
];
