// `ready: { file }`: whether it is there, whatever it is.
import { stat } from 'node:fs/promises';
import type { ProbeRule } from '../../plan/plan.ts';
import type { Try } from './probe.ts';

export function fileProbe({ path }: Extract<ProbeRule, { type: 'file' }>): Try {
  return async () => {
    try {
      await stat(path);
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? `there is no file \`${path}\`` : `the file \`${path}\` cannot be looked for (${code})`;
    }
  };
}
