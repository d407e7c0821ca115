// Redis beside the rows, where it is installed (`apt-get install redis-server`): a server of its own for each side, on a Unix
// socket, that writes nothing to disk.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { folder } from './stage.mjs';

const installed = spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).status === 0;
let servers = 0;

/** null: it is not installed. */
export const redis = installed ? { start } : null;

export const redisClient = (server, role, settings) => [
  process.execPath,
  program('redis.mjs'),
  role,
  JSON.stringify({ ...settings, socket: server.socket }),
];
/** The same in Python. */
export const redisPython = (server, role, settings) => [
  'python3',
  program('redis_lock.py'),
  role,
  JSON.stringify({ ...settings, socket: server.socket }),
];

const program = (name) => join(import.meta.dirname, 'programs', name);

async function start() {
  servers += 1;
  const socket = join(folder, `redis${servers}`);
  const options = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  while (!(await answers(socket))) await setTimeout(10);
  return {
    pid: server.pid,
    socket,
    stop: () => {
      server.kill('SIGKILL');
      return ended;
    },
  };
}

function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
