// What the documents show of YAML is what Forkline reads. A page shows a part of a pipeline: whatever else would be in it is not
// asked for here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { type DiagnosticCode, check, Source } from '../../src/engine.ts';
import { forkline, workspace } from '../kit/forkline.ts';

const root = join(import.meta.dirname, '..', '..');
const blocks = globSync(['*.md', 'docs/*.md'], { cwd: root }).flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => ({
    page,
    text,
    title: /^ {2}\w+:/m.exec(text)?.[0].trim() ?? text,
  })),
);

/** What a finding may complain of where only a part is shown: its files, and those who use it. */
const ofTheRest: readonly DiagnosticCode[] = [
  'unused',
  'queue-without-consumer',
  'queue-without-producer',
  'missing-file',
  'bad-target',
];

test('there are such blocks', () => expect(blocks.length).toBeGreaterThan(10));

test.each(blocks)('$page: $title', async ({ text }) => {
  const folder = workspace({});
  const { diagnostics } = await check(new Source(join(folder, 'pipeline.yaml'), Buffer.from(text)));
  const found = diagnostics.filter(({ code }) => !ofTheRest.includes(code));
  expect(found.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
});

test('the last pipeline of Getting started, and its programs in both languages, do what they say', async () => {
  const page = readFileSync(join(root, 'docs/getting-started.md'), 'utf8');
  const shown = (language: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].at(-1)?.[1] ?? '';
  const files = { 'pipeline.yaml': shown('yaml'), 'numbers.ts': shown('ts'), 'numbers.py': shown('python') };
  const { stdout, exitCode } = await forkline(workspace(files), ['run']);
  const sums = [...stdout.matchAll(/^sum\.\d \| (\d+)$/gm)].map(([, sum]) => Number(sum));
  expect([sums.length, sums.reduce((all, sum) => all + sum, 0), exitCode]).toEqual([2, 500500, 0]);
});
