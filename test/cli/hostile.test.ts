// Programs in a run that speak to its broker what they must not, and one of another user who knows all there is to know: the guilty
// process has failed, and nobody else notices.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Summary } from '../../src/run/summary.ts';
import { forkline, workspace } from '../kit/forkline.ts';

/** Says hello, then what it is called with: frames of its own making. */
const liar = `
import json, os, socket, struct, sys
def frame(kind, channel, body): return struct.pack(">IBBH", 4 + len(body), kind, 0, channel) + body
def items(item): return struct.pack(">II", 1, len(item)) + item
def hello(**others):
    me = {"protocol": 1, "instance": os.environ["FORKLINE_PROCESS"], "token": os.environ["FORKLINE_TOKEN"], "pid": os.getpid(), "sdk": ""}
    return frame(1, 0, json.dumps({**me, **others}).encode())
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["FORKLINE_SOCKET"])
line.sendall(b"".join(eval(f"[{sys.argv[1]}]")))
try:
    while line.recv(65536): pass
except ConnectionResetError: pass
`;

/** Two that speak to each other through the broker while the liar does, and after it. */
const honest = `
from forkline import queue
import os, time
def there():
    for number in range(300): queue("there").put(number); assert queue("back").get() == number; queue("back").task_done()
    while not os.path.exists("lied"): queue("there").put(-1); queue("back").get(); queue("back").task_done(); time.sleep(0.01)
    queue("there").close()
def back():
    for number in queue("there"): queue("back").put(number)
`;

test.each([
  ['shows its token by another’s name', 'hello(instance="back")', 'the token is not that of `back`'],
  ['says how long a frame is that is none', 'hello(), b"\\xff" * 8', 'a frame says its length is 4294967295'],
  [
    'says to be done with what it was never given',
    'hello(), frame(9, 1, bytes(9) + b"\\1")',
    'does not hold the 1 items',
  ],
  ['puts what there is no room for', 'hello(), frame(3, 1, items(b"x"))', 'more was put than there was room for'],
  ['speaks before it has said who it is', 'frame(15, 0, bytes(4)), hello()', 'came before hello'],
  ['has a token that nobody gave it', 'hello(token="x"),', 'the token is not that of `liar`'],
])('a program that %s is told of, and nobody else notices', async (_, words, reason) => {
  const folder = workspace({
    'liar.py': liar,
    'honest.py': honest,
    'pipeline.yaml': `
queues: { lies: { leftover: ignore }, there: { order: priority }, back: { order: priority } }
processes:
  liar: { command: [python3, liar.py, '${words}'], gets: lies, puts: lies, on_failure: continue }
  after: { run: touch lied, needs: { liar: completed } }
  there: { target: ./honest.py#there, puts: there, gets: back }
  back: { target: ./honest.py#back, puts: back, gets: there }
`,
  });
  const { exitCode, stderr } = await forkline(folder, ['run', '--run-dir', 'run']);
  expect(stderr).toContain(reason);
  const { nodes } = JSON.parse(readFileSync(join(folder, 'run/summary.json'), 'utf8')) as Summary;
  const { liar: guilty, ...others } = Object.fromEntries(
    Object.entries(nodes).map(([node, { outcome }]) => [node, outcome]),
  );
  expect(others).toEqual({ after: 'succeeded', there: 'succeeded', back: 'succeeded' });
  // Where it does not say who it is nobody knows, and nobody is blamed.
  expect([guilty, exitCode]).toEqual(stderr.includes('a client was refused') ? ['succeeded', 0] : ['failed', 1]);
});

test.runIf(process.getuid?.() === 0)(
  'another user does not come in, not with the token of a process either',
  async () => {
    const knock = `
    use Socket; use POSIX (); $) = "65534 65534"; POSIX::setgid(65534); POSIX::setuid(65534);
    socket(my $line, AF_UNIX, SOCK_STREAM, 0);
    print connect($line, pack_sockaddr_un($ENV{FORKLINE_SOCKET})) ? "in" : $!{EACCES} ? "kept out" : $!, "\\n";
    my ($folder) = $ENV{FORKLINE_SOCKET} =~ m{(.*)/}; print opendir(my $any, $folder) ? "seen" : "not seen", "\\n";`;
    const folder = workspace({
      'knock.pl': knock,
      'pipeline.yaml': `
queues: { q: { leftover: ignore } }
processes:
  stranger: { command: [perl, knock.pl], puts: q }
  friend: { run: forkline put q x, puts: q, needs: stranger }
`,
    });
    const { exitCode, stdout } = await forkline(folder, ['run']);
    expect(stdout).toBe('stranger | kept out\nstranger | not seen\n');
    expect(exitCode).toBe(0);
  },
);
