// A process that `uses` another file: which one, what it gives to its params, and what it connects.
import type { Path } from './document.ts';
import { hasExpression } from './expression.ts';
import type { Formula } from './formula.ts';
import type { Json } from './json.ts';
import type { UsesDeclaration } from './pipeline.ts';
import type { Reading } from './reading.ts';
import { referenceAt } from './reference.ts';
import type { WrittenProcess } from './written-process.ts';

/** `formula` reads what has to be known when the plan is made. */
export function readUses(
  path: Path,
  { uses, with: given = {}, connect = {} }: WrittenProcess,
  formula: (where: Path, value: Json) => Formula,
  { findings }: Reading,
): UsesDeclaration | null {
  if (uses === undefined) return null;
  const at = [...path, 'uses'];
  if (hasExpression(uses)) {
    findings.error('bad-expression', at, 'the file that is used cannot be named by an expression', {
      hint: 'write the name out, so that the graph is known before anything is evaluated; an `if` says whether it is used',
    });
  }
  return {
    path: at,
    file: uses,
    with: Object.entries(given).map(([name, value]) => [name, formula([...path, 'with', name], value as Json)]),
    connections: Object.entries(connect).map(([inner, outer]) => ({
      inner,
      outer: referenceAt([...path, 'connect', inner], outer),
    })),
    flows: null,
  };
}
