// Variables of one process after the other, encoded as if each were the first.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeFields } from '../../src/keeper/frames.ts';
import { VariableFields } from '../../src/keeper/variables.ts';

const plain = (env: Readonly<Record<string, string>>): Buffer =>
  encodeFields(
    Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Buffer.alloc(0),
  ).bytes;

it('each process gets its own variables, whatever those before it got', () => {
  const variables = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'PATH', 'ITEM'), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fc.array(variables), (envs) => {
      const fields = new VariableFields();
      for (const env of envs) expect(fields.encode(env).equals(plain(env))).toBe(true);
    }),
  );
});
