// One end of a queue or one user of a lock, with the SDK as a program would use it. `alone`: there is nobody to say go.
import { once } from 'node:events';
import { lock, pipe, queue } from 'forkline';
import { count, item, lineOf, settings, valueOf, warmUp } from './payload.mjs';

const role = process.argv[2];

const roles = {
  async put() {
    const q = queue('items');
    for (let n = 0; n < count; n += 1) await q.put(item(n));
    await q.close();
    return {};
  },
  async putMany() {
    const q = queue('items');
    await q.putMany(each());
    await q.close();
    return {};
  },
  async putPriority() {
    const q = queue('items');
    for (let n = 0; n < count; n += 1) await q.put(item(n), { priority: n % 7 });
    await q.close();
    return {};
  },
  async get() {
    const got = { items: 0, sum: 0 };
    for await (const one of queue('items')) {
      got.items += 1;
      got.sum += valueOf(one);
    }
    return got;
  },
  async getBatches() {
    const got = { items: 0, sum: 0 };
    for await (const batch of queue('items').batches()) {
      got.items += batch.length;
      for (const one of batch) got.sum += valueOf(one);
    }
    return got;
  },
  async ping() {
    const [there, back] = [queue('there'), queue('back')];
    const times = new Float64Array(count);
    for (let n = -warmUp; n < count; n += 1) {
      const sent = item(n + warmUp);
      const start = performance.now();
      await there.put(sent);
      const got = await back.get();
      back.taskDone();
      if (n >= 0) times[n] = performance.now() - start;
      if (got !== sent) throw new Error('something else came back');
    }
    return lineOf(times);
  },
  async pong() {
    const [there, back] = [queue('there'), queue('back')];
    for (let n = -warmUp; n < count; n += 1) {
      const got = await there.get();
      await back.put(got);
      there.taskDone();
    }
    return {};
  },
  async pingPipe() {
    const talk = pipe('talk');
    const times = new Float64Array(count);
    for (let n = -warmUp; n < count; n += 1) {
      const sent = item(n + warmUp);
      const start = performance.now();
      await talk.send(sent);
      const got = await talk.recv();
      if (n >= 0) times[n] = performance.now() - start;
      if (got !== sent) throw new Error('something else came back');
    }
    return lineOf(times);
  },
  async pongPipe() {
    const talk = pipe('talk');
    for (let n = -warmUp; n < count; n += 1) await talk.send(await talk.recv());
    return {};
  },
  /** Puts what nobody takes yet. */
  async fill() {
    await queue('items').putMany(each());
    await queue('items').flush();
    return {};
  },
  async idle() {
    return {};
  },
  async retake() {
    const mutex = lock('mutex');
    for (let n = 0; n < count; n += 1) {
      const guard = mutex.retake() ?? (await mutex.acquire());
      void guard.release();
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

function* each() {
  for (let n = 0; n < count; n += 1) yield item(n);
}

if (settings.alone) {
  const got = await roles[role]();
  for (const [field, expected] of Object.entries(settings.expected ?? {})) {
    if (got[field] !== expected) throw new Error(`${field}: ${got[field]}, not ${expected}`);
  }
} else {
  await prepare();
  console.log('ready');
  await once(process.stdin, 'data');
  console.log(JSON.stringify(await roles[role]()));
  // Stays until its processor time has been looked at.
  await once(process.stdin, 'data');
  process.stdin.destroy();
}

/** Connected, so that only the work is timed. */
async function prepare() {
  if (role === 'lock' || role === 'retake') await (await lock('mutex').acquire()).release();
  else if (role.endsWith('Pipe')) await pipe('talk').poll();
  else await queue(role === 'ping' ? 'there' : role === 'pong' ? 'back' : 'items').qsize();
}
