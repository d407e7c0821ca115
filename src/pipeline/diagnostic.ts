// A finding about a pipeline: a value with a place and a hint, collected and never thrown. Facts only; the words around
// them, the code frame and the colours are made where they are shown.
import type { Span } from './source.ts';

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** Lower case, what is wrong, names in backticks, what was expected. */
  readonly message: string;
  readonly file: string;
  readonly span: Span;
  /** Other places that belong to it: the other end of a conflict, each step of a cycle. */
  readonly related: readonly Related[];
  /** How to mend it. */
  readonly hint?: string;
  /** What there is none of, where that is what is wrong. */
  readonly missing?: Missing;
}

export interface Missing {
  readonly kind: 'process' | 'queue' | 'lock' | 'param' | 'variable' | 'matrix' | 'item' | 'output';
  /** The process that has no such output. */
  readonly of?: string;
}

export interface Related {
  readonly message: string;
  /** Where it is not the finding's own. */
  readonly file?: string;
  readonly span: Span;
}

/** A finding about the text itself, before it has a file. */
export interface Finding extends Partial<Pick<Diagnostic, 'code' | 'severity' | 'related' | 'hint'>> {
  readonly message: string;
  readonly span: Span;
}

/** Every name a finding can have; stable, they stand in the docs. */
export const diagnosticCodes = [
  'yaml-syntax',
  'schema',
  'duplicate-key',
  'duplicate-name',
  'unknown-name',
  'unknown-param',
  'bad-param',
  'bad-expression',
  'unsafe-interpolation',
  'missing-file',
  'bad-target',
  'file-conflict',
  'dependency-cycle',
  'daemon-joined',
  'daemon-children',
  'needs-unreachable',
  'self-join',
  'missing-needs',
  'queue-without-producer',
  'stream-deadlock',
  'slots-deadlock',
  'lock-order',
  'wrong-encoding',
  'bad-item',
  'bad-probe',
  'lock-kind',
  'linux-only',
  'pipe-ends',
  'each-conflict',
  'tty-conflict',
  'dead-letter',
  'dead-letter-loop',
  'secret-in-argv',
  'bad-secret',
  'bad-env-file',
  'too-many',
  'bad-uses',
  'not-connected',
  'connection-conflict',
  'queue-without-consumer',
  'unused',
  'unjoined-queue',
  'shadowed-env',
  'stream-never-ends',
  'retry-loses-items',
  'bounded-loop',
  'unbounded-queue',
] as const;

export type DiagnosticCode = (typeof diagnosticCodes)[number];
