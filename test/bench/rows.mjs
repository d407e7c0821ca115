// The rows: what each side of a comparison does. Every side gives how much it did in a second (`rate`), and what that
// cost its processes: microseconds of processor time each (`cpu`). No two items of a row in a row are alike, and each consumer
// adds up what they say: a row whose sum is wrong fails.
import { mutex, pipe, queue } from './channels.mjs';
import { redis, redisClient, redisPython } from './redis.mjs';
import { expect, multiprocessing, play, python, typescript } from './stage.mjs';
import { stateRows } from './state-rows.mjs';
import { spawnRows } from './spawn-rows.mjs';
import { wholeRows } from './whole-rows.mjs';

const dish = {
  id: 0,
  name: 'beef noodle soup',
  price: 12.5,
  hot: true,
  tags: ['soup', 'beef'],
  note: 'no coriander, extra chili, for the table at the window',
};
const text = { size: 100, kinds: 1000 };
/** Round trips before any is counted: until then it is V8's compiling that is measured. */
const WARM_UP = 5000;

export const rows = [
  ...queueRows('queue 1→1, text of 100 bytes', { count: 200_000, ...text }, undefined, redisQueues),
  ...queueRows('queue 1→1, text of 100 bytes, max 1000', { count: 200_000, ...text, maxsize: 1000 }),
  ...queueRows('queue 3→2, max 1000', { count: 200_000, ...text, maxsize: 1000, producers: 3, consumers: 2 }, ['loop']),
  // What is left of the ratio once V8 has compiled what it will: the rows above are over before that.
  ...queueRows('long queue 1→1, text of 100 bytes', { count: 1_000_000, ...text }),
  ...queueRows('long queue 1→1, text of 100 bytes, max 1000', { count: 1_000_000, ...text, maxsize: 1000 }),
  ...queueRows('long queue 3→2, max 1000', { count: 1_000_000, ...text, maxsize: 1000, producers: 3, consumers: 2 }, [
    'loop',
  ]),
  ...queueRows('queue 1→1, JSON objects', { count: 200_000, value: dish, kinds: 1000 }, ['loop']),
  ...queueRows('long queue 1→1, JSON objects', { count: 1_000_000, value: dish, kinds: 1000 }, ['loop']),
  ...queueRows('queue 1→1, max 10', { count: 50_000, ...text, maxsize: 10 }, ['loop']),
  ...queueRows('long queue 1→1, max 10', { count: 200_000, ...text, maxsize: 10 }, ['loop']),
  ...queueRows('queue 1→1, 1 MiB', { count: 500, size: 2 ** 20, bytes: true, kinds: 8 }, ['loop']),
  ...queueRows('long queue 1→1, 1 MiB', { count: 2000, size: 2 ** 20, bytes: true, kinds: 8 }, ['loop']),
  ...queueRows('direct lane, text of 100 bytes, max 1000', { count: 500_000, ...text, maxsize: 1000, direct: 0.9 }, [
    'loop',
  ]),
  priorityRow(),
  roundTrip('p50'),
  roundTrip('p99'),
  roundTrip('p50', 'Python SDK'),
  roundTrip('p99', 'Python SDK'),
  pipeRow('p50'),
  pipeRow('p99'),
  lockRow('lock, 4 processes, strict', 4, 5000, { strict: true }),
  pythonLockRow('lock, 4 processes, strict, Python SDK', 4, 5000),
  lockRow('lock, 4 processes', 4, 5000),
  lockRow('lock, uncontended', 1, 50_000),
  lockRow('long lock, 4 processes, strict', 4, 20_000, { strict: true }),
  pythonLockRow('long lock, 4 processes, strict, Python SDK', 4, 20_000),
  lockRow('long lock, 4 processes', 4, 20_000),
  // Many times as many as its peers, who would need minutes for them.
  lockRow('long lock, uncontended', 1, 50_000, {}, 1_000_000),
  lockRow('long lock, uncontended, `retake`', 1, 50_000, {}, 10_000_000, 'retake'),
  ...stateRows,
  ...spawnRows,
  ...wholeRows,
];

function queueRows(name, settings, interfaces = ['loop', 'batches', 'Python SDK'], more = () => ({})) {
  const { producers = 1, consumers = 1 } = settings;
  const count = settings.count - (settings.count % (producers * consumers));
  const even = { ...settings, count };
  return interfaces.map((kind) => ({
    name: kind === 'loop' ? name : `${name}, ${kind}`,
    ours: () => ourQueue(kind, even),
    peers: { "Python's Queue": () => theirQueue(even), ...(kind === 'loop' ? more(even) : {}) },
  }));
}

async function ourQueue(kind, settings) {
  const { producers = 1, consumers = 1, count, value, bytes, maxsize = 0, direct = 0 } = settings;
  const side = { ...settings, count: count / producers };
  const program = kind === 'Python SDK' ? python : typescript;
  const [put, get] = kind === 'batches' ? ['putMany', 'getBatches'] : ['put', 'get'];
  const programs = {};
  for (let n = 0; n < producers; n += 1) programs[`put.${n}`] = program(put, side);
  for (let n = 0; n < consumers; n += 1) programs[`get.${n}`] = program(get, side);
  const encoding = bytes ? 'bytes' : value ? 'json' : 'text';
  const { seconds, cpu, told, counts } = await play(programs, [queue('items', programs, { maxsize, encoding })]);
  check(told, settings);
  const { put: came, taken, done, left_over: left } = counts.items;
  expect(
    [came, taken, done, left].join() === [count, count, count, 0].join(),
    `of ${count} the broker counts ${came} put, ${taken} taken, ${done} done, ${left} left over`,
  );
  expect(
    counts.items.direct >= count * direct,
    `only ${counts.items.direct} of ${count} items went over a direct lane`,
  );
  return { rate: count / seconds, cpu: (cpu / count) * 1e6 };
}

async function theirQueue(settings) {
  const { seconds, cpu, told } = await play({ 'get.all': multiprocessing('queue', settings) }, []);
  check(told, settings);
  return { rate: settings.count / seconds, cpu: (cpu / settings.count) * 1e6 };
}

/** What is taken from it is decided at each get: nobody reads ahead. */
function priorityRow() {
  const settings = { count: 20_000, ...text };
  const programs = { put: typescript('putPriority', settings), get: typescript('get', settings) };
  const result = ({ seconds, cpu, told }) => {
    check(told, settings);
    return { rate: settings.count / seconds, cpu: (cpu / settings.count) * 1e6 };
  };
  return {
    name: 'queue by priority 1→1',
    ours: async () => result(await play(programs, [queue('items', programs, { order: 'priority' })])),
    peers: {
      "a Manager's PriorityQueue": async () =>
        result(await play({ 'get.all': multiprocessing('priority', settings) }, [])),
    },
  };
}

/** A list that is pushed to and popped from: it has no bound, no end, and forgets what it has given. */
function redisQueues(settings) {
  if (redis === null) return {};
  // One at a time is so much slower that fewer must do.
  const fewer = { ...settings, count: settings.count / 10 };
  return {
    'Redis, pipelined': () => redisQueue(['putMany', 'getMany'], settings),
    'Redis, one at a time': () => redisQueue(['put', 'get'], fewer),
  };
}

async function redisQueue([put, get], settings) {
  const server = await redis.start();
  const programs = { put: redisClient(server, put, settings), get: redisClient(server, get, settings) };
  const { seconds, cpu, told } = await play(programs, [], [server.pid]);
  await server.stop();
  check(told, settings);
  return { rate: settings.count / seconds, cpu: (cpu / settings.count) * 1e6 };
}

/** All that was put has come, and says what was put. */
function check(told, { count, producers = 1, kinds }) {
  const got = Object.entries(told).filter(([id]) => id.startsWith('get'));
  const total = (field) => got.reduce((sum, [, result]) => sum + result[field], 0);
  expect(total('items') === count, `${total('items')} items came of ${count}`);
  const sum = producers * sumOf(count / producers, kinds);
  expect(total('sum') === sum, `what came adds up to ${total('sum')}, not to ${sum}`);
}

/** Of 1, 2, … `kinds`, again and again, `count` of them. */
export function sumOf(count, kinds) {
  const rest = count % kinds;
  return (((count - rest) / kinds) * kinds * (kinds + 1)) / 2 + (rest * (rest + 1)) / 2;
}

/** Round trips in a second, if all were as fast as this one. */
function roundTrip(percentile, sdk = null) {
  const settings = { count: 5000, warmUp: WARM_UP, ...text };
  const program = sdk === null ? typescript : python;
  const programs = { ping: program('ping', settings), pong: program('pong', settings) };
  const trips = settings.count + WARM_UP;
  const result = ({ told, cpu }, who) => ({ rate: 1000 / told[who][percentile], cpu: (cpu / trips) * 1e6 });
  return {
    name: ['round trip', ...(sdk === null ? [] : [sdk]), percentile].join(', '),
    ours: async () => {
      const channels = [
        queue('there', programs, { producers: ['ping'], consumers: ['pong'], group: ['there', 'back'] }),
        queue('back', programs, { producers: ['pong'], consumers: ['ping'], group: ['there', 'back'] }),
      ];
      return result(await play(programs, channels), 'ping');
    },
    peers: {
      "Python's Queue": async () => result(await play({ all: multiprocessing('round-trip', settings) }, []), 'all'),
      ...(redis === null
        ? {}
        : {
            Redis: async () => {
              const server = await redis.start();
              const clients = {
                ping: redisClient(server, 'ping', settings),
                pong: redisClient(server, 'pong', settings),
              };
              const played = await play(clients, [], [server.pid]);
              await server.stop();
              return result(played, 'ping');
            },
          }),
    },
  };
}

/** The same over a pipe. */
function pipeRow(percentile) {
  const settings = { count: 5000, warmUp: WARM_UP, ...text };
  const programs = { pingPipe: typescript('pingPipe', settings), pongPipe: typescript('pongPipe', settings) };
  const result = ({ told, cpu }, who) => ({
    rate: 1000 / told[who][percentile],
    cpu: (cpu / (settings.count + WARM_UP)) * 1e6,
  });
  return {
    name: `round trip over a pipe, ${percentile}`,
    ours: async () => result(await play(programs, [pipe('talk', programs)]), 'pingPipe'),
    peers: {
      "Python's Pipe": async () => result(await play({ all: multiprocessing('pipe', settings) }, []), 'all'),
      'two queues': roundTrip(percentile).ours,
    },
  };
}

function lockRow(name, users, count, settings = {}, ourCount = count, role = 'lock') {
  const ofRedis = (role) => () =>
    withRedis((server) => locks(users, redisClient(server, role, { count }), count, server));
  return {
    name,
    ours: () => locks(users, typescript(role, { count: ourCount }), ourCount, null, settings),
    peers: {
      "Python's Manager().Lock": () => managersLock(users, count),
      ...(redis === null
        ? {}
        : {
            'Redis, a token in a list': ofRedis('lockToken'),
            'Redis, SET NX and a script': ofRedis('lockSet'),
          }),
    },
  };
}

/** All sides in Python. */
function pythonLockRow(name, users, count) {
  const ofRedis = () => withRedis((server) => locks(users, redisPython(server, 'lock', { count }), count, server));
  return {
    name,
    ours: () => locks(users, python('lock', { count }), count, null, { strict: true }),
    peers: {
      "Python's Manager().Lock": () => managersLock(users, count),
      ...(redis === null ? {} : { 'Redis, a token in a list': ofRedis }),
    },
  };
}

async function locks(users, program, turnsEach, server, settings = {}) {
  const programs = Object.fromEntries(Array.from({ length: users }, (_, n) => [`user.${n}`, program]));
  const channels = server === null ? [mutex('mutex', programs, settings)] : [];
  return turnsOf(await play(programs, channels, server === null ? [] : [server.pid]), users * turnsEach);
}

async function managersLock(users, count) {
  return turnsOf(await play({ all: multiprocessing('lock', { users, count }) }, []), users * count);
}

const turnsOf = ({ seconds, cpu }, turns) => ({ rate: turns / seconds, cpu: (cpu / turns) * 1e6 });

async function withRedis(act) {
  const server = await redis.start();
  const result = await act(server);
  await server.stop();
  return result;
}
