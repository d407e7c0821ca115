// Secrets are found in whatever form and in whatever pieces they come, and every other byte goes through as it is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Masker } from '../../src/run/masker.ts';

const secret = `pä s/w'o+rd&"x`;
const masker = new Masker([secret, 'hunter2', 'hunter2-and-more', 'ABCABD', 'multi-\n  line one\nline two\n}\n']);
const bytes = (text: string | Uint8Array): Buffer => Buffer.from(text as string);

/** As it goes through in pieces. */
function through(text: string | Uint8Array, cuts: readonly number[] = [], by = masker): string {
  const stream = by.stream();
  const whole = bytes(text);
  const out: Buffer[] = [];
  let start = 0;
  for (const cut of [...cuts, whole.length]) {
    out.push(stream.push(whole.subarray(start, cut)));
    start = cut;
  }
  return Buffer.concat([...out, stream.end()]).toString('latin1');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const forms: readonly (readonly [string, string, string])[] = [
  ['as it is', `a ${secret} b`, 'a *** b'],
  ['in JSON', JSON.stringify({ a: secret }), '{"a":"***"}'],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ a: secret })), String.raw`"{\"a\":\"***\"}"`],
  ['in JSON of ASCII only', JSON.stringify(secret).replace('ä', String.raw`\u00E4`), '"***"'],
  ['for a URL', `?a=${encodeURIComponent(secret)}&b`, '?a=***&b'],
  ['for a URL, in small letters', encodeURIComponent(secret).toLowerCase(), '***'],
  ['for a URL, twice', encodeURIComponent(encodeURIComponent(secret)), '***'],
  ['as a form sends it', new URLSearchParams({ a: secret }).toString(), 'a=***'],
  ['as a shell quotes it', `'${secret.replaceAll("'", String.raw`'\''`)}'`, "'***'"],
  ['as a shell escapes it', secret.replace(/[^\wä]/g, String.raw`\$&`), '***'],
  ['in HTML', secret.replace('&', '&amp;').replace('"', '&quot;').replace("'", '&#39;'), '***'],
  ['as bytes of Python', Buffer.from(secret).toString('latin1').replace('Ã¤', String.raw`\xc3\xa4`), '***'],
  ['in Base64', base64(secret), '***'],
  ['in Base64 at the second place', base64(`x${secret}`), 'eH***A=='],
  ['in Base64 at the third place', base64(`xy${secret}z`), 'eHl***h6'],
  ['in the Base64 of URLs', Buffer.from(`~?>${secret}`).toString('base64url'), 'fj8-***'],
  ['in Base64 over lines', base64(`${'-'.repeat(45)}${secret}`).replace(/.{64}/g, '$&\r\n'), `${'LS0t'.repeat(15)}***`],
  ['in hexadecimal', Buffer.from(secret).toString('hex'), '***'],
  ['in hexadecimal capitals', Buffer.from(secret).toString('hex').toUpperCase(), '***'],
  [
    'in colours',
    Array.from(secret, (letter) => `\u001b[1;31m\u001b[K${letter}\u001b[m`).join(''),
    '\u001b[1;31m\u001b[K***\u001b[m',
  ],
];

test.each(forms)('a secret is found %s', (_, text, expected) => {
  const out = masker.text(text);
  expect(out).toBe(expected);
  for (let cut = 0; cut <= bytes(text).length; cut++) expect(through(text, [cut])).toBe(bytes(out).toString('latin1'));
  const everywhere = [...bytes(text).keys()];
  expect(through(text, everywhere)).toBe(bytes(out).toString('latin1'));
});

test.each([
  ['hunter2', '***'],
  ['hunter2-and-more', '***'],
  ['hunter2-and-mor', '***-and-mor'],
  ['hunter2hunter2', '******'],
  ['ABCABCABD', 'ABC***'],
  ['hunter', 'hunter'],
  ['line one', '***'],
  [' | line two\n | }', ' | ***\n | }'],
])('%j becomes %j', (text, expected) => {
  expect(masker.text(text)).toBe(expected);
  expect(
    through(
      text,
      Array.from(text, (_, at) => at),
    ),
  ).toBe(expected);
});

test('secrets that overlap are one', () => {
  const two = new Masker(['abcdef', 'defghi']);
  expect(two.text('-abcdefghi-')).toBe('-***-');
  for (let cut = 0; cut < 11; cut++) expect(through('-abcdefghi-', [cut], two)).toBe('-***-');
});

test('what a text shows only the beginning of, is taken out of it too', () => {
  expect(masker.text('`hunter2-and…` is no JSON')).toBe('`***…` is no JSON');
  expect(masker.text('hunt…')).toBe('***…');
  expect(masker.text('hun…')).toBe('hun…');
});

test('only what may be the beginning of a secret waits, and a little of it is let go', () => {
  const stream = new Masker(['correct horse battery']).stream();
  const push = (text: string): string => stream.push(bytes(text)).toString();
  expect([push('Continue? [y/N] '), stream.holds]).toEqual(['Continue? [y/N] ', false]);
  expect([push('disc'), stream.holds, stream.settle().toString(), stream.holds]).toEqual(['dis', true, 'c', false]);
  expect(push('o and ')).toBe('o and ');
  expect([push('corr'), stream.settle().toString(), stream.holds]).toEqual(['', '', true]);
  expect(push('ect horse battery!')).toBe('***!');
  expect([push('co'), stream.settle().toString(), push('rrect horse battery.')]).toEqual(['', 'co', '***.']);
});

test('every byte but a secret’s goes through as it is, in whatever pieces', () => {
  const secrets = ['aab', 'abba', 'baab\u0000', 'aabaab'].map((text) => `${text}Z`);
  const by = new Masker(secrets);
  const letters = fc.array(fc.constantFrom('a', 'b', 'Z', '\u0000', '\u00ff', ...secrets), { maxLength: 40 });
  fc.assert(
    fc.property(letters, fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
      const text = Buffer.from(parts.join(''), 'latin1');
      const ordered = cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b);
      expect(through(text, ordered, by)).toBe(naively(text.toString('latin1'), secrets));
    }),
    { numRuns: 2_000 },
  );
});

/** The same, as one would write it without streams. */
function naively(text: string, secrets: readonly string[]): string {
  let out = '';
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const reach = Math.max(0, ...secrets.filter((one) => text.startsWith(one, at)).map((one) => at + one.length));
    if (reach > end) {
      if (at >= end) out += '***';
      end = reach;
    }
    if (at >= end) out += text[at];
  }
  return out;
}

test('a checker that would let a split secret through is caught by these', () => {
  const piecewise = [secret.slice(0, 4), secret.slice(4)].map((piece) => masker.text(piece)).join('');
  expect(piecewise).toBe(secret);
});
