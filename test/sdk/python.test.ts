// Python's half of the SDK is tested by Python's own unittest, in test/sdk/python; here it is run as one test.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

test('the Python SDK keeps its promises', async () => {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const argv = ['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '--start-directory', 'test/sdk/python'];
  // unittest reports on stderr; where a test fails, that is in the error.
  const { stderr } = await run('python3', argv, { cwd: root, env });
  const [, count] = /^Ran (\d+) tests/m.exec(stderr) ?? [];
  expect(Number(count)).toBeGreaterThan(80);
  expect(stderr).toMatch(/^OK$/m);
});
