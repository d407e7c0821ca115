// What the documents say is there, is there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { machines } from './arrows.ts';

const root = join(import.meta.dirname, '..', '..');
const documents = globSync(['*.md', 'docs/*.md'], { cwd: root });

test.each(documents)('every file and page that %s names exists', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|docs|schemas|pipelines|scripts|bin)\/[\w./-]+)`/g)].map(([, path]) =>
    join(root, path as string),
  );
  const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) =>
    join(root, dirname(document), path as string),
  );
  expect([...named, ...linked].filter((path) => !existsSync(path))).toEqual([]);
});

/** What a heading is called in a link. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

test.each(documents)('every heading that %s leads to is there', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)].map(([, page = '', anchor]) => ({
    page: page === '' ? join(root, document) : join(root, dirname(document), page),
    anchor: anchor as string,
  }));
  const isMissing = ({ page, anchor }: (typeof links)[number]): boolean => {
    const prose = readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```/gm, '');
    return ![...prose.matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor);
  };
  expect(links.filter(isMissing)).toEqual([]);
});

test('the README opens with two lines to run, each complete', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(blocks.slice(0, 2).map((block) => block?.split('\n').length)).toEqual([2, 2]);
  expect(blocks[0]).toContain('bin/run.js run pipelines/');
  expect(blocks[1]).toMatch(/npm ci && npm test\n$/);
  expect(readFileSync(join(root, '.ci/run'), 'utf8')).toContain(' npm test\n');
});

test('the architecture names every room, and the files it speaks of in each', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const rooms = globSync('src/*', { cwd: root, onlyDirectories: true }).map((room) => room.replace(/\/?$/, '/'));
  expect(rooms.filter((room) => !text.includes(`\`${room}\``))).toEqual([]);
  const rows = [...text.matchAll(/^\| `(src\/\w+)\/` \|[^|]*\|([^|]*)\|/gm)];
  expect(rows.length).toBe(rooms.length);
  const spoken = rows.flatMap(([, room, words = '']) =>
    [...words.matchAll(/`([a-z][\w/-]*)`/g)].map(([, file]) => `${room}/${file}`),
  );
  const exists = (path: string): boolean => existsSync(join(root, path)) || existsSync(join(root, `${path}.ts`));
  expect(spoken.filter((path) => !exists(path))).toEqual([]);
});

test('what the architecture says to decide is held to be a machine', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const [, ...rows] = text.slice(text.indexOf('| | decides | does |')).split('\n\n', 1)[0]?.split('\n').slice(1) ?? [];
  const deciding = rows.flatMap((row) =>
    [...(row.split('|')[2] ?? '').matchAll(/`([^`]+\.ts)`/g)].map(([, file]) => file),
  );
  expect(deciding.length).toBeGreaterThan(15);
  expect(deciding.filter((file) => !machines.includes(file as string))).toEqual([]);
});
