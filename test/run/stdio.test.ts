// How the streams of a process are laid, where the broker that has the other ends of them is killed meanwhile.
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, readdirSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { BrokerHost } from '../../src/broker/host.ts';
import { Fifos } from '../../src/run/kernel-pipe.ts';
import { ProcessPipes } from '../../src/run/process-pipe.ts';
import { layStdio } from '../../src/run/stdio.ts';
import { workspace } from '../kit/forkline.ts';
import { processNode } from '../kit/plan.ts';

it('waits for nobody where the broker is gone when it has answered', async () => {
  const folder = workspace();
  const fifos = new Fifos(folder, async (paths) => void execFileSync('mkfifo', [...paths]));
  // It does what a broker does, and is killed. Whoever would wait for it is let go on after a while, and that is seen.
  const collect = async ({ path }: { readonly path: string }): Promise<void> => {
    const code = 'sleep 30; open my $waited, ">", "waited"; open my $fifo, "<", $ARGV[0]';
    const rescue = execFile('perl', ['-e', code, path], { cwd: folder });
    onTestFinished(() => void rescue.kill());
  };
  const broker = { collect } as unknown as BrokerHost;
  const node = processNode('a', {}, { stdout: { type: 'queue', queue: 'q', format: 'lines' } });
  const { stdout } = await layStdio(node, { fifos, pipes: new ProcessPipes(fifos), broker });
  if (stdout.type === 'fd') closeSync(stdout.fd);
  expect([stdout.type, readdirSync(folder).includes('waited')]).toEqual(['fd', false]);
});
