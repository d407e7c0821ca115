// A finding as programs read it: its places are lines and columns.
import type { Diagnostic } from '../pipeline/diagnostic.ts';

/** A finding whose places are lines and columns. */
export interface Located {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly severity: Diagnostic['severity'];
  readonly code: Diagnostic['code'];
  readonly message: string;
  readonly hint: string | null;
  /** `file`: where it is another one. */
  readonly related: readonly ({ readonly message: string; readonly file?: string } & Place)[];
}

export type Place = Pick<Located, 'line' | 'column' | 'endLine' | 'endColumn'>;
