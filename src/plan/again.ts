// `retry` and `restart` of one instance as they stand in the Plan.
import type { Scope } from '../pipeline/evaluate.ts';
import type { Formula } from '../pipeline/formula.ts';
import type { AgainDeclaration } from '../pipeline/pipeline.ts';
import type { Reading } from '../pipeline/reading.ts';
import { durationOf } from '../pipeline/setting.ts';
import type { AgainRule } from './plan.ts';

/** Undefined where a mistake is in it. */
export function againRuleOf(declared: AgainDeclaration, scope: Scope, reading: Reading): AgainRule | undefined {
  const { policy, attempts, delay, defaultDelayMs, backoff, maxDelay, defaultMaxDelayMs, exitCodes } = declared;
  const delayMs = delay === null ? defaultDelayMs : durationOf(delay, scope, reading);
  const ownMaxMs = maxDelay === null ? null : durationOf(maxDelay, scope, reading);
  if (delayMs === undefined || ownMaxMs === undefined) return undefined;
  const maxDelayMs = ownMaxMs ?? Math.max(defaultMaxDelayMs, delayMs);
  return { policy, attempts, delayMs, backoff, maxDelayMs, exitCodes };
}

export function formulasOfAgain(declared: AgainDeclaration | null): readonly (Formula | null)[] {
  return declared === null ? [] : [declared.delay, declared.maxDelay];
}
