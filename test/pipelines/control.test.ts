// Processes that control others, through the real binary: what is refused, what is killed, and who waits for whom for ever.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { workspace } from '../kit/forkline.ts';
import { type Ran, runPipeline } from '../kit/run-pipeline.ts';

const programs = fileURLToPath(new URL('../programs/control', import.meta.url));

async function run(yaml: string): Promise<Ran> {
  return runPipeline(join(workspace({ 'pipeline.yaml': yaml.replaceAll('PROGRAMS', programs) }), 'pipeline.yaml'));
}

describe.each(['ts', 'py'])('in .%s', (language) => {
  test('what the pipeline does not let, and what is no single one, is refused', async () => {
    const ran = await run(`processes:
  boss: { target: "PROGRAMS.${language}#refused", controls: pair }
  pair: { run: "true", replicas: 2 }
  other: { run: "true" }`);
    expect(ran.exitCode).toBe(0);
    expect(ran.lines('boss')).toMatchObject([
      expect.stringMatching(/^NotGranted: the pipeline does not let `boss` control `other`: add/),
      expect.stringMatching(/Error: `pair` has several instances: name one of `pair.1`, `pair.2`$/),
    ]);
  });

  test('one that does not listen to SIGTERM is killed, and killing it again does nothing', async () => {
    const ran = await run(`processes:
  boss: { target: "PROGRAMS.${language}#kill", args: [deaf, "\${{ run.dir }}/up"], controls: deaf, needs: { deaf: started } }
  deaf: { target: "PROGRAMS.py#deaf", args: ["\${{ run.dir }}/up"], stop: { grace: 1h } }`);
    expect(ran.lines('boss')).toEqual(['alive: true', 'ended: -9']);
    expect(ran.summary.nodes['deaf']).toMatchObject({ outcome: 'terminated', cause: 'by `boss`' });
    expect(ran.exitCode).toBe(0);
    expect(ran.left).toEqual([]);
  });
});

test('two that wait for each other to end are in a deadlock', async () => {
  const ran = await run(`processes:
  a: { target: "PROGRAMS.ts#wait", args: [b], controls: b }
  b: { target: "PROGRAMS.py#wait", args: [a], controls: a }`);
  expect(ran.exitCode).toBe(3);
  expect(ran.said).toContain('`a` waits for `b` to end');
  expect(ran.said).toContain('`b` waits for `a` to end');
  expect(ran.left).toEqual([]);
});

test('so is one that waits for the end of what starts only after itself', async () => {
  const ran = await run(`processes:
  a: { target: "PROGRAMS.ts#wait", args: [c], controls: c }
  b: { run: "true", needs: a }
  c: { run: "true", needs: b }`);
  expect(ran.exitCode).toBe(3);
  expect(ran.events.find(({ type }) => type === 'deadlock')).toMatchObject({ circle: ['a', 'c', 'b'] });
});

test('who waits with a limit, or for one that goes on, is in none', async () => {
  const ran = await run(`processes:
  a: { target: "PROGRAMS.ts#wait", args: [b, 3s], controls: b }
  b: { target: "PROGRAMS.py#wait", args: [c], controls: c }
  c: { run: until test -e go; do sleep 0.05; done; exit 3, success_exit_codes: 3 }
  d: { run: touch go, needs: a }`);
  expect(ran.exitCode).toBe(0);
  expect(ran.lines('a')).toEqual(['b: null']);
});

test('what is waited for when the run stops comes to its end', async () => {
  const ran = await run(`processes:
  a: { target: "PROGRAMS.ts#wait", args: [c], controls: c }
  b: { run: exit 1, needs: { a: started } }
  c: { run: "true", needs: a }`);
  expect(ran.exitCode).toBe(1);
  expect(ran.summary.nodes['c']?.outcome).toBe('cancelled');
  expect(ran.left).toEqual([]);
});
