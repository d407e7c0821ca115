// The machine code that the build keeps, as a process of Forkline loads it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FLAGS } from '../../src/broker/thrift.ts';
import { home } from '../../src/home.ts';

test.each([
  ['main', []],
  ['broker', FLAGS],
])('what the build has kept of %s is taken, and not compiled anew', (name, flags) => {
  const program = `
    const { load, loaded } = require(${JSON.stringify(join(home.root, 'bin/load.cjs'))});
    load(${JSON.stringify(home.dist)}, ${JSON.stringify(name)});
    console.log(String(loaded[0].script.cachedDataRejected));`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toBe('false\n');
});
