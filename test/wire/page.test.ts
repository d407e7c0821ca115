// docs/protocol.md names every frame, field and error there is, each once; and test/wire/examples.json shows each with every flag.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Type } from '../../src/wire/message.ts';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const examples = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8')) as {
  readonly frames: readonly {
    readonly from: string;
    readonly frame: {
      readonly type: string;
      readonly flags: number;
      readonly json?: Readonly<Record<string, unknown>>;
    };
  }[];
};

/** The rows of the tables under a heading, without their heads. */
function rowsOf(heading: string): string[][] {
  const from = page.indexOf(`\n## ${heading}\n`);
  const chapter = page.slice(from, page.indexOf('\n## ', from + 1));
  return chapter
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[-| ]*$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

const framesOf = (heading: string) => rowsOf(heading).filter(([number]) => /^\d+$/.test(number ?? ''));
const said = [...framesOf('From the client'), ...framesOf('From the broker')];
const wordsIn = (cell = ''): string[] => [...cell.matchAll(/`([\w-]+)`/g)].map(([, word]) => word as string);

test('the tables name each frame with its number, once, and the one that goes both ways in both', () => {
  const named = said.map(([number, name]) => [wordsIn(name)[0], Number(number)]);
  const expected = Object.entries(Type);
  expect(named.toSorted()).toEqual([...expected, ['GOODBYE', Type.GOODBYE]].toSorted());
});

test('the examples show each frame, with each flag that the tables tell', () => {
  const shown = (from: string, name: string) =>
    examples.frames.filter((example) => example.from === from && example.frame.type === name);
  const missing: string[] = [];
  for (const [from, rows] of [
    ['client', framesOf('From the client')],
    ['broker', framesOf('From the broker')],
  ] as const) {
    for (const [, cell, , , means = ''] of rows) {
      const name = wordsIn(cell)[0] as string;
      const found = shown(from, name);
      if (!found.some(({ frame }) => frame.flags === 0)) missing.push(name);
      const own = means.replaceAll(/`\w+` (with )?flag \d|with flag \d/g, '');
      for (const [, flag] of own.matchAll(/\b[Ff]lag (\d)/g)) {
        if (!found.some(({ frame }) => (frame.flags & Number(flag)) !== 0)) missing.push(`${name} ${flag}`);
      }
    }
  }
  expect(missing).toEqual([]);
});

test('the tables of channels, errors and hello name every field and code that the examples and the types have', () => {
  const types = readFileSync(new URL('../../src/wire/message.ts', import.meta.url), 'utf8');
  const fieldsOf = (name: string): string[] => {
    const body = new RegExp(`interface ${name}\\b[^{]*{([\\s\\S]*?)\\n}`).exec(types)?.[1] ?? '';
    return [...body.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field as string);
  };
  const columns = (heading: string) => new Set(rowsOf(heading).flatMap(([first]) => wordsIn(first)));
  const channel = [...fieldsOf('WelcomeLine'), ...fieldsOf('WelcomeLock')].filter((field) => field !== 'name');
  expect([...columns('Channels')].toSorted()).toEqual([...new Set(channel)].toSorted());
  const codes = [...(/type ErrorCode =([^;]*);/.exec(types)?.[1] ?? '').matchAll(/'([\w-]+)'/g)].map(
    ([, code]) => code,
  );
  expect([...columns('Errors')].toSorted()).toEqual(codes.toSorted());
  expect([...columns('From the client')]).toEqual(expect.arrayContaining(fieldsOf('Hello')));
  const kinds = examples.frames.flatMap(({ frame }) =>
    frame.type === 'WELCOME' ? (frame.json?.['channels'] as { kind: string }[]) : [],
  );
  for (const kind of ['queue', 'pipe', 'lock']) {
    const fields = Object.keys(kinds.find((it) => it.kind === kind) ?? {});
    const all = fieldsOf(kind === 'lock' ? 'WelcomeLock' : 'WelcomeLine');
    expect([kind, ...fields.toSorted()]).toEqual([kind, ...[...new Set([...all, 'kind'])].toSorted()]);
  }
});
