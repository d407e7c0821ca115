// Which files a pattern matches, in a tree of names good and bad.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pathsMatching } from '../../src/broker/glob.ts';
import { workspace } from '../kit/forkline.ts';

const tree = () =>
  workspace({
    'a.ts': '',
    'b.js': '',
    '.hidden.ts': '',
    'src/c.ts': '',
    'src/deep/er/d.ts': '',
    'src/.dot/e.ts': '',
    'src/x[1].ts': '',
    'src/back\\slash.ts': '',
    'src/two\nlines.ts': '',
    'src/包子.ts': '',
    'dir.ts/f.txt': '',
  });

const found = async (pattern: string, folder: string) => (await pathsMatching(pattern, folder)).map(String);

test.each([
  ['*.ts', ['a.ts']],
  ['*', ['a.ts', 'b.js']],
  ['?.{ts,js}', ['a.ts', 'b.js']],
  ['{a,src/c}.ts', ['a.ts', 'src/c.ts']],
  ['{a{,x},b}.*', ['a.ts', 'b.js']],
  ['.*', ['.hidden.ts']],
  ['src/.dot/*.ts', ['src/.dot/e.ts']],
  ['**/d.ts', ['src/deep/er/d.ts']],
  ['src/**/er/**/*.ts', ['src/deep/er/d.ts']],
  ['**/*.txt', ['dir.ts/f.txt']],
  ['src/??.ts', ['src/包子.ts']],
  ['src/x\\[1].ts', ['src/x[1].ts']],
  ['src/x[[]1].ts', ['src/x[1].ts']],
  ['src/[a-d].ts', ['src/c.ts']],
  ['src/[!a-b].ts', ['src/c.ts']],
  ['src/back\\\\*', ['src/back\\slash.ts']],
  ['src/two*', ['src/two\nlines.ts']],
  ['./src/c*', ['./src/c.ts']],
  ['src/c.ts', ['src/c.ts']],
  ['src', []],
  ['src/', []],
  ['nowhere/**', []],
  ['src/[', []],
  ['{', []],
])('%j matches %j', async (pattern, paths) => {
  expect(await found(pattern, tree())).toEqual(paths);
});

test('what is no regular file is not found, whatever leads to it', async () => {
  const folder = workspace({ 'a.txt': '' });
  expect(spawnSync('mkfifo', [join(folder, 'fifo.txt')]).status).toBe(0);
  symlinkSync('fifo.txt', join(folder, 'link.txt'));
  for (const pattern of ['*.txt', '**', '{a,fifo,link}.txt']) expect(await found(pattern, folder)).toEqual(['a.txt']);
});

test('`**` finds all that is not hidden, sorted by its bytes', async () => {
  expect(await found('**', tree())).toEqual([
    'a.ts',
    'b.js',
    'dir.ts/f.txt',
    'src/back\\slash.ts',
    'src/c.ts',
    'src/deep/er/d.ts',
    'src/two\nlines.ts',
    'src/x[1].ts',
    'src/包子.ts',
  ]);
});

test('an absolute pattern gives absolute paths, and `..` leads up', async () => {
  const folder = tree();
  expect(await found(`${folder}/*.js`, '/nowhere')).toEqual([`${folder}/b.js`]);
  expect(await found('../../a.*', join(folder, 'src', 'deep'))).toEqual(['../../a.ts']);
});

test('links to files count, links to folders are not walked through by `**`, and one to nowhere is none', async () => {
  const folder = workspace({ 'real/f.txt': '' });
  symlinkSync('.', join(folder, 'real', 'loop'));
  symlinkSync('f.txt', join(folder, 'real', 'link.txt'));
  symlinkSync('gone', join(folder, 'real', 'broken.txt'));
  expect(await found('**/*.txt', folder)).toEqual(['real/f.txt', 'real/link.txt'].sort());
  expect(await found('real/loop/*.txt', folder)).toEqual(['real/loop/f.txt', 'real/loop/link.txt']);
});

test('a name that is not UTF-8 is its bytes', async () => {
  const folder = workspace();
  const name = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]);
  mkdirSync(dirname(name.toString()), { recursive: true });
  writeFileSync(name, '');
  expect(await pathsMatching('caf*', folder)).toEqual([Buffer.from([0x63, 0x61, 0x66, 0xe9])]);
  expect(await pathsMatching('caf?', folder)).toHaveLength(1);
});

test('no pattern takes long, and one that stands for too many is refused', async () => {
  const folder = workspace({ [`${'a'.repeat(200)}.b`]: '' });
  expect(await found(`${'*a'.repeat(1000)}c`, folder)).toEqual([]);
  expect(await found(`${'**/'.repeat(500)}*.b`, folder)).toHaveLength(1);
  await expect(pathsMatching('{a,b}'.repeat(30), folder)).rejects.toThrow('stands for more than 1024 others');
  await expect(pathsMatching('{'.repeat(5000), folder)).rejects.toThrow('longer than 4096 characters');
});
