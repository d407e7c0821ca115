// What the broker's memory holds, and what one client's flood is to the others. Of `size` these rows tell bytes, not a rate.
import { connect } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { queue } from './channels.mjs';
import { redis, redisClient } from './redis.mjs';
import { folder, multiprocessing, play, playGrowing, residentBytes, startBroker, typescript } from './stage.mjs';

const { FrameWriter } = await import(join(folder, 'writer.mjs'));
const waiting = 1_000_000;
const connections = 2000;

export const stateRows = [
  waitingRow(10),
  waitingRow(1024),
  { name: 'memory of a connection', ours: async () => ({ size: await connectionBytes() }), peers: {} },
  floodRow('p50'),
  floodRow('p99'),
];

/** Beside Python, whose items wait in the process that put them, and Redis. */
function waitingRow(size) {
  const settings = { count: waiting, size, kinds: 1000 };
  const programs = { put: typescript('fill', settings), get: typescript('idle', settings) };
  const channel = queue('items', programs, { maxBytes: 2 ** 33, leftover: 'ignore' });
  const each = (bytes) => ({ size: bytes / waiting });
  return {
    name: `memory of a waiting item of ${size} bytes`,
    ours: async () => each(await playGrowing(programs, [channel])),
    peers: {
      "Python's Queue": async () => {
        const { told } = await play({ all: multiprocessing('fill', settings) }, []);
        return each(told.all.grown);
      },
      ...(redis === null ? {} : { Redis: async () => each(await redisGrowth(settings)) }),
    },
  };
}

async function redisGrowth(settings) {
  const server = await redis.start();
  const before = residentBytes(server.pid);
  await play({ put: redisClient(server, 'putMany', settings) }, []);
  const grown = residentBytes(server.pid) - before;
  await server.stop();
  return grown;
}

/** They have said who they are, and say no more. */
async function connectionBytes() {
  const instances = ['put.1', 'put.2', 'put.3', 'get.1'];
  const programs = Object.fromEntries(instances.map((id) => [id, null]));
  const broker = await startBroker([queue('items', programs)]);
  const before = residentBytes(broker.pid);
  const sockets = [];
  for (let n = 0; n < connections; n += 1) {
    const instance = instances[n % instances.length];
    const socket = connect(broker.socket);
    const writer = new FrameWriter();
    const token = broker.environment(instance).FORKLINE_TOKEN;
    writer.hello({ protocol: 1, instance, token, pid: process.pid, sdk: 'bench' });
    for (const piece of writer.take()) socket.write(piece);
    await once(socket, 'data');
    sockets.push(socket);
  }
  const grown = residentBytes(broker.pid) - before;
  for (const socket of sockets) socket.destroy();
  broker.stop();
  return grown / connections;
}

/** Round trips of two while two others put and get as fast as they can, beside the same round trips alone. */
function floodRow(percentile) {
  const trips = { count: 3000, warmUp: 3000, size: 100, kinds: 1000 };
  const flood = { count: 4_000_000, size: 100, kinds: 1000 };
  const two = { ping: typescript('ping', trips), pong: typescript('pong', trips) };
  const four = { ...two, 'put.flood': typescript('putMany', flood), 'get.flood': typescript('getBatches', flood) };
  const channels = [
    queue('there', two, { producers: ['ping'], consumers: ['pong'], group: ['there', 'back'] }),
    queue('back', two, { producers: ['pong'], consumers: ['ping'], group: ['there', 'back'] }),
  ];
  const flooded = queue('items', { 'put.flood': null, 'get.flood': null }, { maxsize: 1000 });
  const rate = ({ told }) => ({ rate: 1000 / told.ping[percentile] });
  return {
    name: `round trip beside a flood, ${percentile}`,
    ours: async () => rate(await play(four, [...channels, flooded])),
    peers: { 'the same without it': async () => rate(await play(two, channels)) },
  };
}
