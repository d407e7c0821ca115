// The rows: what each side of a comparison does. Every side gives how much it did in a second (`rate`), and what that
// cost its processes: microseconds of processor time each (`cpu`).
import { expect, multiprocessing, mutex, play, python, queue, typescript } from './stage.mjs';
import { wholeRows } from './whole-rows.mjs';

const dish = {
  id: 12345,
  name: 'beef noodle soup',
  price: 12.5,
  hot: true,
  tags: ['soup', 'beef'],
  note: 'no coriander, extra chili, for the table at the window',
};

export const rows = [
  ...queueRows('queue 1→1, text of 100 bytes', { count: 200_000, size: 100 }),
  ...queueRows('queue 1→1, text of 100 bytes, max 1000', { count: 200_000, size: 100, maxsize: 1000 }),
  ...queueRows('queue 3→2, max 1000', { count: 200_000, size: 100, maxsize: 1000, producers: 3, consumers: 2 }, [
    'loop',
  ]),
  ...queueRows('queue 1→1, JSON objects', { count: 100_000, value: dish }, ['loop']),
  ...queueRows('queue 1→1, max 10', { count: 50_000, size: 100, maxsize: 10 }, ['loop']),
  ...queueRows('queue 1→1, 1 MiB', { count: 500, size: 2 ** 20, bytes: true }, ['loop']),
  roundTrip('p50'),
  roundTrip('p99'),
  lockRow('lock, 4 processes', 4, 5000),
  lockRow('lock, uncontended', 1, 10_000),
  ...wholeRows,
];

function queueRows(name, settings, interfaces = ['loop', 'batches', 'Python SDK']) {
  const { producers = 1, consumers = 1 } = settings;
  const count = settings.count - (settings.count % (producers * consumers));
  const even = { ...settings, count };
  return interfaces.map((kind) => ({
    name: kind === 'loop' ? name : `${name}, ${kind}`,
    ours: () => ourQueue(kind, even),
    peers: { "Python's Queue": () => theirQueue(even) },
  }));
}

async function ourQueue(kind, { producers = 1, consumers = 1, ...settings }) {
  const { count, value, size, bytes, maxsize = 0 } = settings;
  const side = { ...settings, count: count / producers };
  const program = kind === 'Python SDK' ? python : typescript;
  const [put, get] = kind === 'batches' ? ['putMany', 'getBatches'] : [bytes ? 'putBytes' : 'put', 'get'];
  const programs = {};
  for (let n = 0; n < producers; n += 1) programs[`put.${n}`] = program(put, side);
  for (let n = 0; n < consumers; n += 1) programs[`get.${n}`] = program(get, side);
  const encoding = bytes ? 'bytes' : value ? 'json' : 'text';
  const { seconds, cpu, told } = await play(programs, [queue('items', programs, { maxsize, encoding })]);
  const got = Object.entries(told).filter(([id]) => id.startsWith('get'));
  check(
    got.map(([, result]) => result),
    count,
    size ?? value.name.length,
  );
  return { rate: count / seconds, cpu: (cpu / count) * 1e6 };
}

async function theirQueue({ ...settings }) {
  const { seconds, cpu, told } = await play({ all: multiprocessing('queue', settings) }, []);
  check([told.all], settings.count, settings.size ?? settings.value.name.length);
  return { rate: settings.count / seconds, cpu: (cpu / settings.count) * 1e6 };
}

function check(results, count, size) {
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  expect(sum('items') === count, `${sum('items')} items came of ${count}`);
  expect(sum('bytes') === count * size, `${sum('bytes')} bytes came of ${count * size}`);
}

/** Round trips in a second, if all were as fast as this one. */
function roundTrip(percentile) {
  const settings = { count: 5000, size: 100 };
  const programs = { ping: typescript('ping', settings), pong: typescript('pong', settings) };
  return {
    name: `round trip, ${percentile}`,
    ours: async () => {
      const channels = [
        queue('there', programs, { producers: ['ping'], consumers: ['pong'], group: ['there', 'back'] }),
        queue('back', programs, { producers: ['pong'], consumers: ['ping'], group: ['there', 'back'] }),
      ];
      const { told, cpu } = await play(programs, channels);
      return { rate: 1000 / told.ping[percentile], cpu: (cpu / settings.count) * 1e6 };
    },
    peers: {
      "Python's Queue": async () => {
        const { told, cpu } = await play({ all: multiprocessing('round-trip', settings) }, []);
        return { rate: 1000 / told.all[percentile], cpu: (cpu / settings.count) * 1e6 };
      },
    },
  };
}

function lockRow(name, users, count) {
  const programs = Object.fromEntries(
    Array.from({ length: users }, (_, n) => [`user.${n}`, typescript('lock', { count })]),
  );
  return {
    name,
    ours: () => locks(programs, [mutex('mutex', programs)]),
    peers: { "Python's Manager().Lock": () => locks({ all: multiprocessing('lock', { users, count }) }, []) },
  };

  async function locks(actors, channels) {
    const { seconds, cpu } = await play(actors, channels);
    return { rate: (users * count) / seconds, cpu: (cpu / (users * count)) * 1e6 };
  }
}
