// Scenarios of the end of processes: how they are stopped, and that nothing of them is left. The numbers are those of the list of
// scenarios that must hold.
import { setTimeout as pause } from 'node:timers/promises';
import { allPids, kill, proc, statOf } from './processes-of.mjs';

/** Ways to get away from one's leader, that has to be there until the end. */
const escapes = ['', 'i', 'n', 'b', 't', 'ds', 'dsc', 'dse', 'dsceih', 'dscein', 'dst', 'dso'];

/** The keeper of a runner, and what it has forked of itself. */
function keepersOf(pid) {
  const keepers = allPids().filter(
    (one) => statOf(one)?.parent === pid && /keeper\.pl|forkline-keeper/.test(proc(one, 'cmdline')),
  );
  return keepers.flatMap((keeper) => [keeper, ...keepersOf(keeper)]);
}

const quote = (argv) => argv.map((word) => `'${word}'`).join(' ');

export const processScenarios = {
  '1: a runner that is killed takes all with it': async (scene) => {
    scene.innocent();
    const sleeper = quote(scene.hostile(''));
    const runner = scene.run({ processes: { s: { replicas: 20, run: `${sleeper} & ${sleeper} & exec ${sleeper}` } } });
    scene.expect(await scene.until(() => scene.registered().length >= 60), 'the processes do not start');
    await runner.killHard();
    await scene.end({ patienceMs: 1_000 });
  },

  '1x: and whoever tries to get away': async (scene) => {
    scene.innocent();
    const runner = scene.run({
      processes: Object.fromEntries(
        escapes.map((ways, at) => [`p${at}`, { run: `${quote(scene.hostile(ways))} & sleep 600` }]),
      ),
    });
    const all = () => runner.events().filter(({ type }) => type === 'node.started').length === escapes.length;
    scene.expect(await scene.until(() => all() && scene.registered().length > 60), 'the processes do not start');
    await runner.killHard();
    await scene.end();
  },

  '1y: and at any moment': async (scene, random) => {
    scene.innocent();
    const runner = scene.run({
      processes: { s: { replicas: 30, run: `${quote(scene.hostile('ds'))}; exec ${quote(scene.hostile(''))}` } },
    });
    await pause(100 + Math.floor(random() * 900));
    await runner.killHard();
    await scene.end();
  },

  '2: a keeper that is killed takes all with it': async (scene) => {
    scene.innocent();
    const runner = scene.run({
      queues: { q: { from: [1] } },
      processes: {
        plain: { run: `cat; ${quote(scene.hostile(''))} & exec ${quote(scene.hostile('i'))}`, stdin: { queue: 'q' } },
        away: { run: `${quote(scene.hostile('ds'))}; sleep 600` },
      },
    });
    scene.expect(await scene.until(() => scene.registered().length >= 3 && runner.started('away')), 'nothing starts');
    const [keeper] = keepersOf(runner.pid);
    scene.expect(keeper !== undefined, 'there is no keeper');
    kill(keeper);
    scene.equal(await runner.end(), 70, 'exit code');
    scene.expect(/keep/.test(runner.stderr), `it says nothing of it: ${runner.stderr}`);
    await scene.end();
  },

  '4: what is left of a runner and a keeper that were killed at once is swept by the next run': async (scene) => {
    scene.innocent();
    const ways = ['', 'i', 'ds', 'dsc'];
    const runner = scene.run({
      queues: { q: { from: [1] } },
      processes: {
        ...Object.fromEntries(ways.map((way, at) => [`p${at}`, { run: `${quote(scene.hostile(way))} & sleep 600` }])),
        q: { run: 'cat; sleep 600', stdin: { queue: 'q' } },
      },
    });
    const all = () => runner.events().filter(({ type }) => type === 'node.started').length > ways.length;
    scene.expect(
      await scene.until(() => all() && scene.registered().length >= ways.length),
      'the processes do not start',
    );
    const keepers = keepersOf(runner.pid);
    kill(runner.pid, 'SIGSTOP');
    for (const pid of [...keepers, runner.pid]) kill(pid);
    await runner.killHard();
    const next = scene.run({ processes: { a: { run: 'echo fine' } } }, { name: 'next' });
    scene.equal(await next.end(), 0, 'exit code of the next');
    await scene.end();
  },

  '3: a daemonizer is gone before its end is told': async (scene) => {
    scene.innocent();
    scene.write('look.pl', looksForLiving);
    const ways = ['ds', 'dsc', 'dscei', 'dsceih', 'dscen', 'dsb', 'dst'];
    const runner = scene.run({
      processes: Object.fromEntries([
        ...ways.map((way) => [way, { command: scene.hostile(way) }]),
        ['next', { needs: ways, command: ['perl', 'look.pl', scene.registry] }],
      ]),
    });
    scene.equal(await runner.end(), 0, 'exit code');
    scene.equal(runner.log('next').toString(), 'nobody lives\n', 'what the next one sees');
    const leaked = new Set(
      runner
        .events()
        .filter(({ type }) => type === 'node.leaked')
        .map(({ node }) => node),
    );
    scene.equal(
      ways.filter((way) => !leaked.has(way)),
      [],
      'those that left something running and of whom that is not told',
    );
    await scene.end();
  },

  '5: who ignores every signal is killed after its grace': async (scene) => {
    scene.innocent();
    const runner = scene.run({ processes: { a: { command: scene.hostile('i'), stop: { grace: '1s' } } } });
    await scene.until(() => scene.registered().length > 0 && runner.started('a'));
    await pause(50);
    const began = Date.now();
    runner.signal('SIGINT');
    scene.equal(await runner.end(), 130, 'exit code');
    scene.expect(Date.now() - began >= 900, `it was killed after ${Date.now() - began} ms`);
    scene.expect(Date.now() - began < 6_000, `it was killed after ${Date.now() - began} ms only`);
    scene.equal(runner.endOf('a')?.signal, 'SIGKILL', 'what ended it');
    await scene.end();
  },

  '5x: who stops itself, or is one of a crowd, is stopped too': async (scene) => {
    scene.innocent();
    const node = (ways) => ({ run: `${quote(scene.hostile(ways))} & wait`, stop: { grace: '500ms' } });
    const runner = scene.run({
      processes: { a: node('t'), b: node('bi'), c: node('dscei'), d: { command: scene.hostile('t') } },
    });
    await scene.until(() => scene.registered().length > 34 && runner.started('d'));
    runner.signal('SIGTERM');
    scene.equal(await runner.end(), 143, 'exit code');
    await scene.end();
  },

  '6: who kills its parent harms nobody else': async (scene) => {
    scene.innocent();
    const runner = scene.run({
      processes: { a: { command: scene.hostile('k') }, b: { run: 'sleep 600' } },
    });
    const rc = await runner.end();
    runner.killed = rc === 'SIGKILL';
    scene.expect(rc !== 0, 'the run says that it succeeded');
    await scene.end({ mayLeaveFolder: runner.killed });
  },

  '7: output that a grandchild keeps open is not waited for': async (scene) => {
    const runner = scene.run({
      processes: { a: { run: 'seq 1 5000; sleep 60 & exit 0' }, b: { command: scene.hostile('dso') } },
    });
    scene.equal(await runner.end(10_000), 0, 'exit code');
    scene.equal(
      runner.log('a').toString(),
      `${Array.from({ length: 5000 }, (_, at) => at + 1).join('\n')}\n`,
      'its output',
    );
    await scene.end();
  },

  '8: one Ctrl-C is one signal, and a second one kills': async (scene) => {
    scene.write('signals.pl', countsSignals);
    const nodes = ['a', 'b', 'c'];
    const node = (name) => ({
      command: ['perl', 'signals.pl', `${name}.signals`],
      stop: { signal: 'SIGINT', grace: '10m' },
    });
    scene.write(
      'pipeline.yaml',
      JSON.stringify({ processes: Object.fromEntries(nodes.map((name) => [name, node(name)])) }),
    );
    const runner = scene.run(null, { wrap: ['python3', '-c', inTerminal], stdin: 'pipe' });
    const counted = () => nodes.map((name) => scene.read('work', `${name}.signals`));
    scene.expect(
      await scene.until(() => counted().every((text) => text === 'up\n')),
      `they do not start: ${runner.stdout}`,
    );
    runner.child.stdin.write('\x03');
    scene.expect(
      await scene.until(() => counted().every((text) => text.includes('INT'))),
      'the signal does not arrive',
    );
    await pause(300);
    scene.equal(
      counted(),
      nodes.map(() => 'up\nINT\n'),
      'the signals',
    );
    runner.child.stdin.write('\x03');
    scene.equal(await runner.end(10_000), 130, 'exit code');
    await scene.end();
  },

  '10: a closed terminal stops the run, or does not': async (scene) => {
    scene.write('signals.pl', countsSignals);
    const pipeline = { processes: { a: { command: ['perl', 'signals.pl', 'a.signals', 'go'] } } };
    const runner = scene.run(pipeline);
    await scene.until(() => scene.read('work', 'a.signals') === 'up\n');
    runner.signal('SIGHUP');
    scene.equal(await runner.end(), 129, 'exit code');
    scene.equal(scene.read('work', 'a.signals'), 'up\nTERM\n', 'the signals');
    scene.write('a.signals', '');
    const deaf = scene.run(pipeline, { args: ['--ignore-hup'], name: 'deaf' });
    await scene.until(() => scene.read('work', 'a.signals') === 'up\n');
    deaf.signal('SIGHUP');
    await pause(200);
    scene.write('go', '');
    scene.equal(await deaf.end(), 0, 'exit code with --ignore-hup');
    await scene.end();
  },
};

const looksForLiving = `my @living;
open my $file, '<', $ARGV[0];
for (<$file>) {
    my ($pid, $started) = split;
    open my $stat, '<', "/proc/$pid/stat" or next;
    my ($after) = <$stat> =~ /^.*\\) (.*)$/;
    my @fields = split / /, $after;
    push @living, $pid if $fields[19] == $started && $fields[0] !~ /[ZX]/;
}
print @living ? "these live: @living\\n" : "nobody lives\\n";
`;

const countsSignals = `use strict;
open my $log, '>>', $ARGV[0];
select((select($log), $| = 1)[0]);
for my $name (qw(INT HUP QUIT)) { $SIG{$name} = sub { print $log "$name\\n" } }
$SIG{TERM} = sub { print $log "TERM\\n"; exit 0 };
print $log "up\\n";
while (1) { exit 0 if $ARGV[1] && -e $ARGV[1]; select undef, undef, undef, 0.02 }
`;

/** In a terminal of its own, that what comes on stdin is typed into. */
const inTerminal = `
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
watched = [0, fd]
while True:
    for ready in select.select(watched, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:
            data = b""
        if ready == 0:
            if data: os.write(fd, data)
            else: watched.remove(0)
        elif data:
            os.write(1, data)
        else:
            _, status = os.waitpid(pid, 0)
            sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;
