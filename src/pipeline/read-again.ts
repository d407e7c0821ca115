// When something is started again after it has ended: `retry` of a process, `restart` of a daemon, in short or written out.
import type { Path } from './document.ts';
import type { Findings } from './finding.ts';
import { keyOf } from './finding.ts';
import type { Formula } from './formula.ts';
import type { Json } from './json.ts';
import type { AgainDeclaration } from './pipeline.ts';
import type { Restart, Retry } from './schema.gen.ts';

/** The written value with the place it stands at, which may be `defaults`. */
type Setting<T> = readonly [Path, T | undefined];

type PlannedAt = (setting: readonly [Path, Json | undefined]) => Formula | null;

interface Written {
  readonly kind: 'process' | 'daemon';
  /** Its own, or that of `defaults`. */
  readonly retry: Setting<Retry>;
  readonly restart: Setting<Restart>;
}

/** Null where it never is. */
export function againOf(
  { kind, retry, restart }: Written,
  planned: PlannedAt,
  findings: Findings,
): AgainDeclaration | null {
  if (kind === 'process') return retriedOf(retry, planned);
  const [retryPath, retryValue] = retry;
  if (restart[1] === undefined) return retriedOf(retry, planned);
  if (retryValue !== undefined && retryPath[0] !== 'defaults') {
    findings.error('schema', keyOf(retryPath), '`restart` says already when it is started again', {
      hint: 'take `retry` out, and say how often by `restart: { attempts: … }`',
    });
  }
  return restartedOf(restart, planned);
}

function retriedOf([path, retry]: Setting<Retry>, planned: PlannedAt): AgainDeclaration | null {
  if (retry === undefined || typeof retry === 'number') {
    if (!retry) return null;
    return { ...once, policy: 'on-failure', path, attempts: retry };
  }
  const { attempts = 1, delay, backoff = 'constant', max_delay: maxDelay, exit_codes: exitCodes = null } = retry;
  if (attempts === 0) return null;
  return {
    path,
    policy: 'on-failure',
    attempts,
    delay: planned([[...path, 'delay'], delay]),
    defaultDelayMs: 0,
    backoff,
    maxDelay: planned([[...path, 'max_delay'], maxDelay]),
    defaultMaxDelayMs: MOST_RETRY_MS,
    exitCodes,
  };
}

function restartedOf([path, written]: Setting<Restart>, planned: PlannedAt): AgainDeclaration | null {
  const restart = typeof written === 'object' ? written : { policy: written as 'never' | 'on-failure' | 'always' };
  const { policy = 'on-failure', attempts = null, delay, backoff = 'exponential', max_delay: maxDelay } = restart;
  if (policy === 'never' || attempts === 0) return null;
  return {
    path,
    policy,
    attempts,
    delay: planned([[...path, 'delay'], delay]),
    defaultDelayMs: RESTART_MS,
    backoff,
    maxDelay: planned([[...path, 'max_delay'], maxDelay]),
    defaultMaxDelayMs: MOST_RESTART_MS,
    exitCodes: null,
  };
}

const MOST_RETRY_MS = 300_000;
const RESTART_MS = 100;
const MOST_RESTART_MS = 10_000;

/** Of a bare number. */
const once = {
  delay: null,
  defaultDelayMs: 0,
  backoff: 'constant',
  maxDelay: null,
  defaultMaxDelayMs: MOST_RETRY_MS,
  exitCodes: null,
} as const;
