// A process or daemon as it stands in the file, once its shape is known to be right.
import type { ShellDaemon, ShellProcess, SubPipeline, TargetProcess } from './schema.gen.ts';

/** Whatever a process or a daemon may have; what was broken is not there. */
export type WrittenProcess = Partial<
  Omit<ShellProcess & TargetProcess, 'restart'> &
    Pick<ShellDaemon, 'restart'> &
    Pick<SubPipeline, 'uses' | 'with' | 'connect'>
>;
