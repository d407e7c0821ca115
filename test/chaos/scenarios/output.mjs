// Scenarios of streams and output: nothing that is written stalls anything, and it arrives as it was.
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { proc } from './processes-of.mjs';

export const outputScenarios = {
  '19: a slow reader costs no memory': async (scene) => {
    const bytes = 256 << 20;
    const runner = scene.run({
      processes: {
        a: { run: `head -c ${bytes} /dev/zero | tee sent >/dev/null; sha256sum < sent >&2; cat sent` },
        b: { run: 'sleep 1; sha256sum', stdin: { process: 'a' } },
      },
    });
    let most = 0;
    while (runner.rc === undefined && runner.events().at(-1)?.type !== 'run.ended') {
      most = Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(proc(runner.pid, 'status'))?.[1] ?? 0));
      await pause(50);
    }
    scene.equal(await runner.end(60_000), 0, 'exit code');
    scene.expect(most < 150 * 1024, `the runner has ${most} KiB`);
    scene.equal(runner.log('b').toString(), runner.log('a').toString(), 'the sums');
    await scene.end();
  },

  '20: a reader that has enough ends its writer': async (scene) => {
    const runner = scene.run({
      processes: { a: { command: ['yes'] }, b: { command: ['head', '-n', '1'], stdin: { process: 'a' } } },
    });
    scene.equal(await runner.end(), 0, 'exit code');
    scene.equal(runner.log('b').toString(), 'y\n', 'what it read');
    await scene.end();
  },

  '21: /dev/stderr and the like are what they are in a shell': async (scene) => {
    const runner = scene.run({
      processes: { a: { run: 'echo x >/dev/stderr; cat /dev/stdin; echo y >/dev/stdout; echo z >>/proc/self/fd/1' } },
    });
    scene.equal(await runner.end(), 0, 'exit code');
    scene.equal(runner.log('a').toString().split('\n').toSorted(), ['', 'x', 'y', 'z'], 'the log');
    await scene.end();
  },

  '22: nobody reads on': async (scene) => {
    const runner = scene.run({
      processes: { a: { run: 'seq 1 200000; echo done >finished' }, b: { run: 'seq 1 100' } },
    });
    runner.child.stdout.once('data', () => runner.child.stdout.destroy());
    const rc = await runner.end();
    scene.expect(
      rc === 0 ? scene.read('work', 'finished') === 'done\n' : rc > 0,
      `exit code ${rc}, and it was not finished`,
    );
    await scene.end();
  },

  '23: a terminal that is not read': async (scene) => {
    scene.write(
      'pipeline.yaml',
      JSON.stringify({
        processes: {
          a: { run: 'seq 1 300000; echo done >finished' },
          b: { run: 'sleep 600', timeout: '3s', on_failure: 'continue' },
        },
      }),
    );
    const runner = scene.run(null, { wrap: ['python3', '-c', unreadTerminal] });
    scene.equal(await runner.end(60_000), 1, 'exit code');
    scene.equal(scene.read('work', 'finished'), 'done\n', 'what it did');
    scene.equal(runner.log('a').toString().split('\n').length, 300_001, 'the lines of its log');
    await scene.end();
  },

  '24: a full disk loses nothing without a word': async (scene) => {
    mkdirSync(scene.at('work', 'run'));
    mkdirSync(scene.at('work', 'run', 'logs'));
    symlinkSync('/dev/full', scene.at('work', 'run', 'logs', 'a.log'));
    scene.ownAll();
    const runner = scene.run({ processes: { a: { run: 'echo lost; echo done >finished' } } });
    scene.equal(await runner.end(), 1, 'exit code');
    scene.expect(/could not be written|incomplete/.test(runner.stderr), `it says nothing of it: ${runner.stderr}`);
    scene.equal(scene.read('work', 'finished'), 'done\n', 'what it did');
    await scene.end();
  },

  '25: every byte is in the log, and none moves the screen': async (scene) => {
    scene.write('print.pl', prints);
    const runner = scene.run({
      processes: {
        a: { command: ['perl', 'print.pl'] },
        b: { run: 'for n in $(seq 1 300); do echo "line of b $n"; done' },
      },
    });
    scene.equal(await runner.end(60_000), 0, 'exit code');
    const expected = createHash('sha256');
    for (let at = 0; at < 16; at++) expected.update('x'.repeat(1 << 20));
    expected.update(Buffer.from('\u001b[2J\u001b]0;title\u0007\r\0\xff\xfe\x80 end', 'latin1'));
    scene.equal(
      createHash('sha256').update(runner.log('a')).digest('hex'),
      expected.digest('hex'),
      'the sum of the log',
    );
    scene.expect(!/[\u001b\u0007\0]/.test(runner.stdout), 'a control character is on the screen');
    scene.equal(
      runner.stdout.split('\n').filter((line) => /^b\s+\| line of b \d+$/.test(line)).length,
      300,
      'whole lines of the other',
    );
    await scene.end();
  },
};

const prints = String.raw`$| = 1; binmode STDOUT;
print 'x' x (1 << 20) for 1 .. 16;
print "\e[2J\e]0;title\a\r\0\xff\xfe\x80 end";
`;

const unreadTerminal = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;
