// Scenarios of the beginning and the ending of single processes: what cannot be started, what they are started with, and how it is told how
// they ended.
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';

export const startScenarios = {
  '11: what cannot be started fails by itself, and says why': async (scene) => {
    scene.write('plain', 'echo x\n', 0o644);
    scene.write('lost', '#!/no/such/interpreter\n', 0o755);
    scene.write('bare', 'echo bare\n', 0o755);
    mkdirSync(scene.at('work', 'gone'));
    const failing = {
      missing: [{ command: ['no-such-program'] }, /no-such-program/],
      plain: [{ command: ['./plain'] }, /plain/],
      nowhere: [{ command: ['true'], cwd: 'no/such/folder' }, /no\/such\/folder/],
      lost: [{ command: ['./lost'] }, /lost/],
      long: [{ command: ['true', 'x'.repeat(3_000_000)] }, /too long|E2BIG/],
      gone: [{ command: ['true'], cwd: 'gone', needs: 'remover' }, /gone/],
      file: [{ command: ['true'], cwd: 'plain' }, /plain/],
      input: [{ command: ['cat'], stdin: { file: 'no-such-file' } }, /no-such-file/],
      output: [{ command: ['true'], stdout: { file: 'no/such/file' } }, /no\/such/],
    };
    const runner = scene.run({
      processes: {
        ...Object.fromEntries(
          Object.entries(failing).map(([name, [node]]) => [name, Object.assign(node, { on_failure: 'continue' })]),
        ),
        remover: { run: 'rmdir gone' },
        healthy: { run: 'sleep 0.5; echo fine' },
        bare: { command: ['./bare'], on_failure: 'ignore' },
      },
    });
    scene.equal(await runner.end(), 1, 'exit code');
    for (const [name, [, says]] of Object.entries(failing)) {
      const end = runner.endOf(name);
      scene.equal(end?.outcome, 'failed', `the outcome of ${name}`);
      scene.expect(says.test(end?.cause ?? ''), `the cause of ${name}: ${end?.cause}`);
      scene.expect(says.test(runner.stderr), `what is said of ${name} does not name it`);
    }
    scene.equal(runner.log('healthy').toString(), 'fine\n', 'the others');
    const nul = scene.run({ processes: { a: { command: ['true', 'a\0b'] } } }, { name: 'nul' });
    scene.equal(await nul.end(), 2, 'exit code for a NUL');
    await scene.end();
  },

  '12: few files may be opened': async (scene) => {
    const runner = scene.run(
      { processes: { a: { replicas: 60, run: 'sleep 0.2', on_failure: 'continue' } } },
      { wrap: ['prlimit', '--nofile=64'] },
    );
    const rc = await runner.end();
    scene.expect(rc === 0 || rc === 1, `exit code ${rc}`);
    if (rc === 1)
      scene.expect(/open|EMFILE|too many/i.test(runner.stderr), `it does not say why: ${runner.stderr.slice(0, 300)}`);
    await scene.end();
  },

  '14: how each ended is told as it was': async (scene, random) => {
    const harmless = new Set(['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']);
    const signals = Object.entries(constants.signals).filter(([name, number]) => number < 32 && !harmless.has(name));
    const numbers = [...new Map(signals.map(([name, number]) => [number, name]))];
    const codes = [
      0,
      1,
      2,
      126,
      127,
      128,
      129,
      137,
      141,
      255,
      ...Array.from({ length: 6 }, () => Math.floor(random() * 256)),
    ];
    const node = (script) => ({ command: ['sh', '-c', script], on_failure: 'continue' });
    const runner = scene.run(
      {
        processes: Object.fromEntries([
          ...numbers.map(([number]) => [`s${number}`, node(`kill -${number} $$; sleep 60`)]),
          ...codes.map((code) => [`c${code}`, node(`exit ${code}`)]),
        ]),
      },
      { wrap: ['prlimit', '--core=0'] },
    );
    scene.equal(await runner.end(), 1, 'exit code');
    for (const [number, name] of numbers) {
      const end = runner.endOf(`s${number}`);
      const told = end?.signal === null ? null : constants.signals[end?.signal];
      scene.equal([end?.outcome, end?.exitcode, told], ['failed', -number, number], `what is told of ${name}`);
    }
    for (const code of codes) {
      const end = runner.endOf(`c${code}`);
      scene.equal(
        [end?.outcome, end?.exitcode, end?.signal],
        [code === 0 ? 'succeeded' : 'failed', code, null],
        `what is told of exit ${code}`,
      );
    }
    await scene.end();
  },

  '16: what the runner was started with is not handed down': async (scene) => {
    scene.write('see.sh', 'grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/$$/fd\n');
    const pipeline = { processes: { a: { command: ['sh', 'see.sh'] } } };
    const wrap = ['perl', '-MPOSIX', '-e', badParent];
    const runner = scene.run(pipeline, { wrap: [...wrap, ''] });
    scene.equal(await runner.end(), 0, 'exit code');
    const [blocked, ignored, ...fds] = runner.log('a').toString().trim().split('\n');
    scene.expect(/^SigBlk:\s0+$/.test(blocked), blocked);
    scene.expect(/^SigIgn:\s0+$/.test(ignored), ignored);
    scene.expect(
      fds.every((fd) => ['0', '1', '2', '3', '10', '255'].includes(fd)),
      `descriptors ${fds}`,
    );
    const closed = scene.run(pipeline, { wrap: [...wrap, '0 1 2'], name: 'closed' });
    scene.equal(await closed.end(), 0, 'exit code with nothing open');
    scene.expect(closed.log('a').toString().startsWith('SigBlk'), 'the log with nothing open is empty');
    await scene.end();
  },
};

/** Ignores SIGCHLD, blocks SIGTERM, has descriptors 9 and 200 open, and those closed that it is told. */
const badParent = `
$SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE';
POSIX::sigprocmask(POSIX::SIG_BLOCK, POSIX::SigSet->new(POSIX::SIGTERM));
open my $f, '<', '/dev/null'; POSIX::dup2(fileno $f, $_) for 9, 200;
my $closed = shift; POSIX::close($_) for split / /, $closed;
exec @ARGV;
`;
