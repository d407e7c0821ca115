// One end of a queue or one user of a lock, with the SDK as a program would use it.
import { once } from 'node:events';
import { lock, queue } from 'forkline';

const [role, settings] = [process.argv[2], JSON.parse(process.argv[3])];
const { count, size, value } = settings;
const item = value ?? 'x'.repeat(size);

const roles = {
  async put() {
    const q = queue('items');
    for (let n = 0; n < count; n += 1) await q.put(item);
    await q.close();
    return {};
  },
  async putMany() {
    const q = queue('items');
    await q.putMany(repeat());
    await q.close();
    return {};
  },
  async putBytes() {
    const q = queue('items');
    const bytes = Buffer.alloc(size, 'x');
    for (let n = 0; n < count; n += 1) await q.put(bytes);
    await q.close();
    return {};
  },
  async get() {
    let items = 0;
    let bytes = 0;
    for await (const got of queue('items')) {
      items += 1;
      bytes += got.length ?? got.name.length;
    }
    return { items, bytes };
  },
  async getBatches() {
    let items = 0;
    let bytes = 0;
    for await (const batch of queue('items').batches()) {
      items += batch.length;
      for (const got of batch) bytes += got.length;
    }
    return { items, bytes };
  },
  async ping() {
    const [there, back] = [queue('there'), queue('back')];
    const times = new Float64Array(count);
    for (let n = -WARM_UP; n < count; n += 1) {
      const start = performance.now();
      await there.put(item);
      await back.get();
      back.taskDone();
      if (n >= 0) times[n] = performance.now() - start;
    }
    times.sort();
    return { p50: times[count >> 1], p99: times[Math.floor(count * 0.99)] };
  },
  async pong() {
    const [there, back] = [queue('there'), queue('back')];
    for (let n = -WARM_UP; n < count; n += 1) {
      const got = await there.get();
      await back.put(got);
      there.taskDone();
    }
    return {};
  },
  async lock() {
    const mutex = lock('mutex');
    for (let n = 0; n < count; n += 1) {
      const guard = await mutex.acquire();
      await guard.release();
    }
    return {};
  },
};

const WARM_UP = 500;

function* repeat() {
  for (let n = 0; n < count; n += 1) yield item;
}

await prepare();
console.log('ready');
await once(process.stdin, 'data');
console.log(JSON.stringify(await roles[role]()));
// Stays until its processor time has been looked at.
await once(process.stdin, 'data');
process.stdin.destroy();

/** Connected, so that only the work is timed. */
async function prepare() {
  if (role === 'lock') await (await lock('mutex').acquire()).release();
  else await queue(role === 'ping' ? 'there' : role === 'pong' ? 'back' : 'items').qsize();
}
