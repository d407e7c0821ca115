// What the tests of reporters share: a reader whose pace they decide, and events with the least said in them.
import { Writable } from 'node:stream';
import type { Event, NodeEnded } from '../../src/run/event.ts';
import type { Plan, ProcessNode } from '../../src/plan/plan.ts';

/** Takes nothing until told to; then all. */
export class Reader extends Writable {
  text = '';
  #waiting: (() => void) | null = null;
  #reads: boolean;

  constructor({ reads }: { reads: boolean }) {
    super({ highWaterMark: 1 });
    this.#reads = reads;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    if (this.#reads) done();
    else this.#waiting = done;
  }

  read(): void {
    this.#reads = true;
    this.#waiting?.();
  }
}

export function started(...ids: string[]): Event {
  const nodes = ids.map((id) => ({ kind: 'process', id, name: id, each: null }) as unknown as ProcessNode);
  const plan = { version: 1, name: 'kitchen', file: 'kitchen.yaml', nodes, channels: [] } as unknown as Plan;
  return { type: 'run.started', time: 0, version: 1, runId: 'r1', runDir: '/runs/r1', pid: 1, plan };
}

export function output(node: string, text: string | Uint8Array, stream: 'stdout' | 'stderr' = 'stdout'): Event {
  return { type: 'node.output', time: 0, node, stream, bytes: typeof text === 'string' ? Buffer.from(text) : text };
}

export function nodeEnded(node: string, facts: Partial<NodeEnded>): NodeEnded {
  const ending = { outcome: 'succeeded', exitcode: 0, signal: null, durationMs: 1_240 } as const;
  return { type: 'node.ended', time: 0, node, ...ending, ...facts };
}

export function runEnded(exitCode: number, reason: string): Event {
  return { type: 'run.ended', time: 0, exitCode, durationMs: 2_000, reason };
}
