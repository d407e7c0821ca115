// Replicas and matrix → instances. Combinations come in the order of the file, the last list varying fastest; `include`
// and `exclude` do what they do in GitHub Actions.
import { isDeepStrictEqual } from 'node:util';
import { isMap, type Json } from '../pipeline/json.ts';
import type { Matrix, ProcessDeclaration } from '../pipeline/pipeline.ts';
import type { NodeId } from './plan.ts';

export interface Instance {
  readonly id: NodeId;
  /** From 1, inside its combination. */
  readonly replica: number;
  readonly matrix: Readonly<Record<string, Json>>;
}

type Combination = Readonly<Record<string, Json>>;

export const mostInstances = 100_000;
/** How often combinations may be held against entries of `include` and `exclude`. */
const mostComparisons = 10_000_000;

/** How many instances there would be, without making them; `include` and `exclude` left aside. */
export function productOf({ matrix, replicas }: Pick<ProcessDeclaration, 'matrix' | 'replicas'>): number {
  const factors = matrix === null ? [] : matrix.axes.map(({ values }) => values.length);
  const combinations =
    matrix !== null && factors.length === 0 ? 0 : factors.reduce((product, each) => product * each, 1);
  return (combinations + (matrix?.include.length ?? 0)) * (replicas ?? 1);
}

/** How it comes about, for people: `250 × 1000`. */
export function factorsOf({ matrix, replicas }: Pick<ProcessDeclaration, 'matrix' | 'replicas'>): string {
  const factors = (matrix?.axes ?? []).map(({ values }) => values.length);
  return [...factors, ...(replicas === null ? [] : [replicas])].join(' × ');
}

/** Whether `include` and `exclude` are too much work for so many combinations. */
export function isTooIntricate({ matrix }: Pick<ProcessDeclaration, 'matrix'>): boolean {
  if (matrix === null) return false;
  const entries = matrix.include.length + matrix.exclude.length;
  return productOf({ matrix, replicas: null }) * entries > mostComparisons;
}

export function instancesOf(process: Pick<ProcessDeclaration, 'name' | 'matrix' | 'replicas'>): readonly Instance[] {
  const { name, matrix, replicas } = process;
  if (matrix === null && replicas === null) return [{ id: name, replica: 1, matrix: {} }];
  const instances: Instance[] = [];
  for (const combination of matrix === null ? [{}] : combinationsOf(matrix)) {
    for (let replica = 1; replica <= (replicas ?? 1); replica++) {
      instances.push({ id: `${name}.${instances.length + 1}`, replica, matrix: combination });
    }
  }
  return instances;
}

export function combinationsOf({ axes, include, exclude }: Matrix): readonly Combination[] {
  const product = axes.length === 0 ? [] : axes.reduce(widen, [{}] as readonly Combination[]);
  const kept = product.filter((combination) => !exclude.some((entry) => agrees(combination, entry)));
  return includeInto(kept, include, new Set(axes.map(({ key }) => key)));
}

function widen(combinations: readonly Combination[], { key, values }: Matrix['axes'][number]): readonly Combination[] {
  return combinations.flatMap((combination) => values.map((value) => ({ ...combination, [key]: value })));
}

/** An entry joins every combination whose own values it agrees with; one that agrees with none is a combination of its own. */
function includeInto(
  kept: readonly Combination[],
  include: Matrix['include'],
  own: ReadonlySet<string>,
): readonly Combination[] {
  const combinations = kept.map((combination) => ({ ...combination }));
  const additional: Combination[] = [];
  for (const entry of include) {
    const shared = Object.keys(entry).filter((key) => own.has(key));
    const joined = combinations.filter((_, at) => matches(kept[at] as Combination, entry, shared));
    for (const combination of joined) Object.assign(combination, entry);
    if (joined.length === 0) additional.push(entry);
  }
  return [...combinations, ...additional];
}

function matches(combination: Combination, entry: Combination, keys: readonly string[]): boolean {
  return keys.every((key) => isDeepStrictEqual(combination[key], entry[key]));
}

/** What is said of a map, however deep, is all that has to be so. */
function agrees(value: Json, said: Json): boolean {
  if (!isMap(value) || !isMap(said)) return isDeepStrictEqual(value, said);
  return Object.entries(said).every(([key, item]) => Object.hasOwn(value, key) && agrees(value[key] ?? null, item));
}
