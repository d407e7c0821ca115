// The secrets of a plan: what each of them is where it runs, and whether it can be kept.
import { isProcess } from './node-kind.ts';
import type { Plan, ProcessNode } from './plan.ts';
import { type Environment, ExpressionFailure, type RunContext, secretsOf } from './resolve.ts';
import { isLongEnough, shortestSecret } from './secret-length.ts';

/** Why a secret cannot be kept. */
export interface SecretProblem {
  readonly message: string;
  readonly hint: string;
}

/** Null where it can; `value` is undefined where nobody sets it. */
export function secretProblem(name: string, value: string | undefined): SecretProblem | null {
  if (value === undefined || value === '') {
    const message = `secret \`${name}\` is ${value === undefined ? 'not set' : 'set to nothing'}`;
    return { message, hint: `set it where this is started, or in an \`env_file\`: \`${name}=… forkline run …\`` };
  }
  if (value.includes('\ufffd')) {
    const message = `secret \`${name}\` is not UTF-8, and would not be recognised`;
    return { message, hint: 'give it in Base64, or in another encoding of text' };
  }
  if (isLongEnough(value)) return null;
  return {
    message: `secret \`${name}\` has fewer than ${shortestSecret} characters, and would be found by chance in any output`,
    hint: 'take a longer one, or do not call it a secret',
  };
}

/** Each secret with all the values that it has in processes of this plan; none where one of them has none. */
export function secretValues(
  plan: Plan,
  run: RunContext['run'],
  environment: Environment,
): ReadonlyMap<string, ReadonlySet<string>> {
  const context = { run, secrets: plan.secrets, environment };
  const processes = plan.nodes.filter(isProcess);
  const own = processes.filter((node) => setsOne(node, plan.secrets));
  const inherits = own.length < processes.length || own.length === 0;
  const seen = own.map((node) => secretsKnownTo(node, context));
  return new Map(
    plan.secrets.map((name) => {
      const inherited = environment[name];
      return [name, new Set([...(inherits ? [inherited ?? ''] : []), ...seen.map((values) => values[name] ?? '')])];
    }),
  );
}

/** Without those that are made of what is known only while it runs: nothing could be masked before that. */
function secretsKnownTo(node: ProcessNode, context: Parameters<typeof secretsOf>[1]): Readonly<Record<string, string>> {
  try {
    return secretsOf(node, context);
  } catch (error) {
    if (error instanceof ExpressionFailure) return {};
    throw error;
  }
}

function setsOne({ env }: ProcessNode, secrets: readonly string[]): boolean {
  return secrets.some((name) => name in env);
}
