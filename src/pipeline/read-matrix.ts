// `matrix`: lists of values, written out or given by expressions over what is known in the whole file.
import { keyOf } from './finding.ts';
import { isMap, type Json } from './json.ts';
import type { Path } from './document.ts';
import type { Matrix } from './pipeline.ts';
import { complainOfValue, knownValueOf, type Place, shown } from './setting.ts';

/** Null where it is broken. */
export function readMatrix(path: Path, written: Json, place: Place): Matrix | null {
  const { reading, scope, known } = place;
  const formula = reading.formula(path, written, { ...known, later: false });
  const value = knownValueOf(formula, scope, reading);
  if (value === undefined) return null;
  if (!isMap(value)) {
    complainOfValue(formula, `expected a map of lists, but this is ${shown(value)}`, reading);
    return null;
  }
  complainOfTwins(path, Object.keys(value), place);
  let sound = true;
  const partOf = (key: string, isPart: (item: Json) => boolean, expected: string): readonly Json[] => {
    const part = value[key] ?? [];
    if (Array.isArray(part) && part.every(isPart)) return part as readonly Json[];
    const inner = formula.kind === 'map' ? formula.entries.find(([name]) => name === key)?.[1] : undefined;
    complainOfValue(inner ?? formula, `expected ${expected} for \`${key}\`, but this is ${shown(part)}`, reading);
    sound = false;
    return [];
  };
  const axes = Object.keys(value)
    .filter((key) => key !== 'include' && key !== 'exclude')
    .map((key) => ({ key, values: partOf(key, () => true, 'a list of values') }));
  const include = partOf('include', isMap, 'a list of maps') as Matrix['include'];
  const exclude = partOf('exclude', isMap, 'a list of maps') as Matrix['exclude'];
  complainOfSlips(path, axes, place);
  complainOfStrangers(
    path,
    exclude,
    axes.map(({ key }) => key),
    place,
  );
  return sound ? { path, axes, include, exclude } : null;
}

/** Every key that some combination has. */
export function keysOf(matrix: Matrix): Set<string> {
  return new Set([...matrix.axes.map(({ key }) => key), ...matrix.include.flatMap((entry) => Object.keys(entry))]);
}

/** A list of maps whose name is nearly a word of the language is hardly meant to be one of the lists. */
function complainOfSlips(path: Path, axes: Matrix['axes'], { reading: { findings } }: Place): void {
  for (const { key, values } of axes) {
    const meant =
      values.length > 0 && values.every(isMap) ? findings.didYouMean(key, ['include', 'exclude']) : undefined;
    if (meant === undefined) continue;
    findings.warning('unknown-name', keyOf([...path, key]), `\`${key}\` is one more list of the matrix`, {
      hint: meant,
    });
  }
}

/** What no combination has cannot be told from others by it: such an entry would leave out nothing. */
function complainOfStrangers(
  path: Path,
  exclude: Matrix['exclude'],
  axes: readonly string[],
  { reading: { findings } }: Place,
): void {
  for (const [index, entry] of exclude.entries()) {
    const stranger = Object.keys(entry).find((key) => !axes.includes(key));
    if (stranger === undefined) continue;
    const known = axes.map((axis) => `\`${axis}\``).join(', ');
    findings.error(
      'unknown-name',
      keyOf([...path, 'exclude', index, stranger]),
      `there is no list \`${stranger}\` here`,
      {
        hint:
          findings.didYouMean(stranger, axes) ?? (known === '' ? 'there are no lists' : `there are the lists ${known}`),
      },
    );
  }
}

function complainOfTwins(path: Path, keys: readonly string[], { reading }: Place): void {
  const seen = new Map<string, string>();
  for (const key of keys) {
    const twin = seen.get(key.toLowerCase());
    if (twin === undefined) seen.set(key.toLowerCase(), key);
    else {
      reading.findings.error(
        'duplicate-name',
        keyOf([...path, key]),
        `\`${key}\` differs from \`${twin}\` only in case`,
        {
          hint: 'names compare without case in expressions',
          related: [{ message: 'the other one', at: keyOf([...path, twin]) }],
        },
      );
    }
  }
}
