// The table of endings, row by row, through the real binary: what a node that ended so is to those who need it, to who takes what it
// put, and to the run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { runPipeline } from '../kit/run-pipeline.ts';

interface Row {
  /** What `node` is, and what else there is beside it. */
  readonly node: string;
  readonly others?: string;
  readonly joins?: string;
  readonly outcome: string;
  readonly exitcode: number | null;
  /** Of those who need it so, which ran. */
  readonly holds: readonly ('succeeded' | 'completed' | 'failed')[];
  readonly stream: 'ends' | 'breaks';
  readonly run: number;
}

const rows: Readonly<Record<string, Row>> = {
  'succeeds by 0': {
    node: 'run: "true"',
    outcome: 'succeeded',
    exitcode: 0,
    holds: ['succeeded', 'completed'],
    stream: 'ends',
    run: 0,
  },
  'succeeds by a code that counts': {
    node: 'run: exit 7\n    success_exit_codes: 7',
    outcome: 'succeeded',
    exitcode: 7,
    holds: ['succeeded', 'completed'],
    stream: 'ends',
    run: 0,
  },
  'succeeds by a signal that counts': {
    node: 'run: kill -USR1 $$\n    success_exit_codes: [-10]',
    outcome: 'succeeded',
    exitcode: -10,
    holds: ['succeeded', 'completed'],
    stream: 'ends',
    run: 0,
  },
  'succeeds at its second attempt': {
    node: 'run: test $FORKLINE_ATTEMPT = 2\n    retry: 1',
    outcome: 'succeeded',
    exitcode: 0,
    holds: ['succeeded', 'completed'],
    stream: 'ends',
    run: 0,
  },
  fails: {
    node: 'run: exit 3\n    retry: 1',
    outcome: 'failed',
    exitcode: 3,
    holds: ['completed', 'failed'],
    stream: 'breaks',
    run: 1,
  },
  'times out': {
    node: 'run: sleep 100\n    timeout: 50ms',
    outcome: 'timed_out',
    exitcode: -15,
    holds: ['completed', 'failed'],
    stream: 'breaks',
    run: 1,
  },
  'is killed by a stranger': {
    node: 'run: kill -9 $$',
    outcome: 'failed',
    exitcode: -9,
    holds: ['completed', 'failed'],
    stream: 'breaks',
    run: 1,
  },
  'cannot be started': {
    node: 'command: [./no-such-program]',
    outcome: 'failed',
    exitcode: null,
    holds: ['completed', 'failed'],
    stream: 'breaks',
    run: 1,
  },
  'fails, and that is ignored': {
    node: 'run: exit 3\n    on_failure: ignore',
    outcome: 'failed',
    exitcode: 3,
    holds: ['succeeded', 'completed'],
    stream: 'ends',
    run: 0,
  },
  'is terminated on purpose': {
    node: 'run: sleep 100',
    ...terminatedAfter('node.started'),
    outcome: 'terminated',
    exitcode: -15,
    holds: ['completed'],
    stream: 'ends',
    run: 0,
  },
  'is terminated on purpose between two attempts': {
    node: 'run: exit 1\n    retry: { attempts: 1, delay: 1h }',
    ...terminatedAfter('node.retrying'),
    outcome: 'terminated',
    exitcode: 1,
    holds: ['completed'],
    stream: 'ends',
    run: 0,
  },
  'is skipped by `if`': {
    node: 'run: "true"\n    if: false',
    outcome: 'skipped',
    exitcode: null,
    holds: ['completed'],
    stream: 'ends',
    run: 0,
  },
  'is skipped because something else failed': {
    node: 'run: "true"\n    needs: broken',
    others: '  broken: { run: exit 1, on_failure: continue }',
    outcome: 'skipped',
    exitcode: null,
    holds: [],
    stream: 'breaks',
    run: 1,
  },
};

test.each(Object.entries(rows))('a process that %s', async (_, row) => {
  const { node, others = '', joins = '', outcome, exitcode, holds, stream, run } = row;
  const file = join(workspace(), 'p.yaml');
  // (Who needs it `failed` has to be able to.)
  const canFail = !node.includes('ignore');
  writeFileSync(
    file,
    `
queues: { q: {} }
processes:
  node:
    ${node}
    stdout: { queue: q }
    ${node.includes('on_failure') ? '' : 'on_failure: continue'}
${others}
  taker: { run: cat, stdin: { queue: q }, on_failure: continue }
  succeeded: { run: "true", needs: { node: succeeded } }
  completed: { run: "true", needs: { node: completed } }
  ${canFail ? 'failed: { run: "true", needs: { node: failed } }' : ''}
${joins}`,
  );
  const ran = await runPipeline(file);
  const { nodes } = ran.summary;
  const ranOf = ['succeeded', 'completed', 'failed'].filter((name) => nodes[name]?.outcome === 'succeeded');
  expect({
    outcome: nodes['node']?.outcome,
    exitcode: nodes['node']?.exitcode,
    holds: ranOf,
    stream: nodes['taker']?.outcome === 'succeeded' ? 'ends' : 'breaks',
    run: ran.exitCode,
    left: ran.left,
  }).toEqual({ outcome, exitcode, holds, stream, run, left: [] });
  if (stream === 'breaks') expect(nodes['taker']?.cause).toBe('its input broke off');
});

/** Another process ends once that has happened to it, and with it a race. */
function terminatedAfter(event: string): Pick<Row, 'others' | 'joins'> {
  return {
    others: `  other:
    run: |
      until grep -q '"${event}","node":"node"' "$FORKLINE_RUN_DIR/events.ndjson"; do sleep 0.02; done`,
    joins: 'joins: { race: { processes: [node, other], mode: any, on_pass: terminate } }',
  };
}
