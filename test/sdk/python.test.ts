// Python's half of the SDK is tested by Python's own unittest, in test/sdk/python; here it is run as one test, with a
// bundle of the broker for the tests that want the real one.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

test('the Python SDK keeps its promises', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forkline-'));
  try {
    const broker = join(folder, 'broker.mjs');
    await build({
      entryPoints: [join(root, 'src/broker/main.ts')],
      outfile: broker,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    const env = { ...process.env, FORKLINE_TEST_BROKER: broker, PYTHONDONTWRITEBYTECODE: '1' };
    const argv = ['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '--start-directory', 'test/sdk/python'];
    // unittest reports on stderr; where a test fails, that is in the error.
    const { stderr } = await run('python3', argv, { cwd: root, env });
    const [, count] = /^Ran (\d+) tests/m.exec(stderr) ?? [];
    expect(Number(count)).toBeGreaterThan(80);
    expect(stderr).toMatch(/^OK$/m);
  } finally {
    await rm(folder, { recursive: true });
  }
});
