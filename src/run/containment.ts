// By which means nothing of a run is left behind, and how much that promises. The best that proved itself is used.

/** From the surest on. */
export const TIERS = ['cgroup', 'subreaper', 'scan', 'group'] as const;
export type Tier = (typeof TIERS)[number];

export interface Containment {
  readonly tier: Tier;
  /** Nothing outlives the run, whatever it does, however the runner ends. */
  readonly run: boolean;
  /** Of each process it is known what its leader has left, wherever that has moved to. */
  readonly process: boolean;
  /** Why no surer tier is used. */
  readonly reasons: readonly string[];
}

export function containmentOf(tier: Tier, reasons: readonly string[]): Containment {
  const sure = tier === 'cgroup' || tier === 'subreaper';
  return { tier, run: sure, process: sure, reasons };
}

/** Null where it is what was asked for. */
export function shortcoming({ tier, run, process, reasons }: Containment): string | null {
  if (run && process) return null;
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return `full containment was required, and only \`${tier}\` is to be had here${why}`;
}
