// Before all tests: marks this test run in the environment, which every process it starts inherits. After all of
// them: any process that still carries the mark was left behind, and that fails the run (vitest itself would not notice).
import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';

const variable = 'FORKLINE_TEST_MARK';

export default function setup(): () => Promise<void> {
  const mark = `${variable}=${randomUUID()}`;
  process.env[variable] = mark.slice(variable.length + 1);
  return async () => {
    let left = survivors(mark);
    // The test runner's own workers are still going away.
    for (let tries = 0; left.length > 0 && tries < 50; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      left = survivors(mark);
    }
    if (left.length > 0) throw new Error(`these processes were left behind:\n${left.join('\n')}`);
  };
}

function survivors(mark: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return command.includes('node_modules/vitest') ? [] : [`${pid} ${command}`];
    } catch {
      return [];
    }
  });
}
