// What the queue graph shows to be wrong before anything has run.
import type { Findings } from '../pipeline/finding.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Graph } from './graph.ts';

export function checkStreams(_pipeline: Pipeline, _graph: Graph, _findings: Findings): void {}
