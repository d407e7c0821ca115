// The keepers that tests try: both, or the one that FORKLINE_KEEPER names. One that is not there fails what tries it, for else nobody
// would see that it was not tried.
import { KEEPERS, type KeeperProgram, keeperPrograms } from '../../src/keeper/programs.ts';

const wanted = process.env['FORKLINE_KEEPER'] ?? '';

export const keepers = KEEPERS.filter((name) => wanted === '' || name === wanted);

export function programOf(keeper: string): KeeperProgram {
  const [program] = keeperPrograms(keeper);
  if (!program) throw new Error(`there is no keeper \`${keeper}\``);
  return program;
}
