// A secret in what starts a program: whoever is on the machine can read the arguments of every process.
import type { Path } from './document.ts';
import { type Expression, hasExpression, parseTemplate } from './expression.ts';
import { type Formula, expressionsIn } from './formula.ts';
import { isMap, type Json } from './json.ts';
import { spanInText } from './locate.ts';
import type { Reading } from './reading.ts';

/** The secret that an expression names, or some secret where it takes the whole environment; null where it uses none. */
export function secretIn({ uses }: Pick<Expression, 'uses'>, secrets: Iterable<string>): string | null {
  const names = [...secrets];
  for (const { steps } of uses) {
    const [context, member] = steps.map(({ name }) => name.toLowerCase());
    if (context !== 'env') continue;
    const used = member === undefined ? names[0] : names.find((name) => name.toLowerCase() === member);
    if (used !== undefined) return used;
  }
  return null;
}

/**
 * Complains of each secret in the value that a formula has in the Plan, where secrets stand by their names, and all else that `env`
 * gives by its value. So they are found through variables that were made of them, too.
 */
export function complainOfSecrets(formula: Formula, value: Json, secrets: ReadonlySet<string>, reading: Reading): void {
  if (secrets.size === 0 || formula.kind === 'constant') return;
  if (formula.kind === 'list') {
    for (const [at, item] of formula.items.entries())
      complainOfSecrets(item, (value as readonly Json[])[at] ?? null, secrets, reading);
  } else if (formula.kind === 'map') {
    for (const [key, item] of formula.entries)
      complainOfSecrets(item, (value as { readonly [key: string]: Json })[key] ?? null, secrets, reading);
  } else {
    const secret = secretOf(value, secrets);
    if (secret === null) return;
    const expressions = [...expressionsIn(formula)].map(({ expression }) => expression);
    const named = expressions.find((expression) => secretIn(expression, secrets) !== null) ?? expressions[0];
    complain(formula.path, formula.text, named, secret, reading);
  }
}

function secretOf(value: Json, secrets: ReadonlySet<string>): string | null {
  if (typeof value === 'object' && value !== null) {
    const items: readonly Json[] = isMap(value) ? Object.values(value) : value;
    return items.map((item) => secretOf(item, secrets)).find((found) => found !== null) ?? null;
  }
  if (typeof value !== 'string' || !hasExpression(value)) return null;
  const template = parseTemplate(value);
  if ('message' in template) return null;
  const found = template.map((part) => (typeof part === 'string' ? null : secretIn(part, secrets)));
  return found.find((secret) => secret !== null) ?? null;
}

function complain(path: Path, text: string, named: Expression | undefined, secret: string, reading: Reading): void {
  const [offset, length] = named === undefined ? [0, text.length] : [named.offset - 3, named.length + 5];
  const span = spanInText(reading.document, path, text, offset, length);
  reading.findings.error('secret-in-argv', span, secretInArgv(secret), {
    hint: `every process has it in its environment: let the program read \`${secret}\` there`,
  });
}

export function secretInArgv(secret: string): string {
  return `\`${secret}\` is a secret, and the arguments of a process can be read by everyone on the machine`;
}
