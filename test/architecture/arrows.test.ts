// Who may import whom, who may spawn, listen and read the clock: read from the sources themselves.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { faultsOf } from './arrows.ts';

const root = join(import.meta.dirname, '..', '..');
const files = globSync('src/**/*.ts', { cwd: root, ignore: ['src/sdk/python/**'] }).map((file) => ({
  file: relative(root, join(root, file)),
  text: readFileSync(join(root, file), 'utf8'),
}));

test('every import goes along an arrow, and every door is where it should be', () => {
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap(({ file, text }) => faultsOf(file, text))).toEqual([]);
});

const planted: [file: string, text: string, fault: string][] = [
  ['src/pipeline/read.ts', "import { order } from '../plan/order.ts';", '`pipeline` may not import plan/order.ts'],
  ['src/plan/order.ts', "import type { Event } from '../run/event.ts';", '`plan` may not import run/event.ts'],
  ['src/wire/frame.ts', "import type { Plan } from '../plan/plan.ts';", '`wire` may not import plan/plan.ts'],
  ['src/report/plain.ts', "import { Queue } from '../broker/queue.ts';", '`report` may not import broker/queue.ts'],
  ['src/report/plain.ts', "export { run } from '../engine.ts';", '`report` may not import engine.ts'],
  ['src/broker/queue.ts', "import { x } from '../run/schedule.ts';", '`broker` may not import run/schedule.ts'],
  ['src/broker/server.ts', "import { t } from '../run/event.ts';", '`broker` may import run/event.ts for types only'],
  ['src/sdk/client.ts', "const x = await import('../broker/lock.ts');", '`sdk` may not import broker/lock.ts'],
  [
    'src/run/child.ts',
    "import { spawn } from 'node:child_process';",
    'only src/broker/broker-process.ts, src/broker/host-lock.ts, src/keeper/keeper.ts, src/run/direct-launcher.ts, src/run/kernel-pipe.ts, src/verbs/holding.ts may import node:child_process',
  ],
  ['src/run/child.ts', 'server.listen(path);', 'only src/broker/server.ts, src/sdk/lane-door.ts may listen'],
  [
    'src/run/schedule.ts',
    'const now = Date.now();',
    'a machine reads no clock, timer, process, file or socket: `Date`',
  ],
  ['src/broker/queue.ts', "import { readFileSync } from 'node:fs';", 'a machine imports nothing of Node: node:fs'],
  [
    'src/report/plain.ts',
    'process.stdout.write(text);',
    'only src/report/screen.ts, src/commands, src/sdk, src/verbs may write to the screen',
  ],
];

test.each(planted)('a fault planted in %s is found: %s', (file, text, fault) => {
  expect(faultsOf(file, text)).toEqual([`${file}:1: ${fault}`]);
});
