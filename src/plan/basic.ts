// What both the nodes and the channels of a Plan are told by.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An instance's id: `bill`, or `chef.1` where the process has replicas or a matrix. */
export type NodeId = string;

/** Where in the pipeline's file it is declared; both from 1. */
export interface Place {
  /** The file of a sub-pipeline, absolute; without: the plan's own. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}
