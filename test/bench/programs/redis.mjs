// What Redis makes of the same work, asked by a client that writes its protocol by hand: no library is in the way.
import { once } from 'node:events';
import { connect } from 'node:net';
import { count, item, lineOf, settings, valueOf, warmUp } from './payload.mjs';

const role = process.argv[2];
/** So many commands travel together where that is the point. */
const TOGETHER = 500;

const socket = connect(settings.socket);
await once(socket, 'connect');
const replies = [];
let rest = '';
socket.setEncoding('latin1').on('data', (chunk) => {
  rest += chunk;
  let at = 0;
  for (let read = replyAt(rest, at); read !== null && replies.length > 0; read = replyAt(rest, at)) {
    at = read.end;
    replies.shift()(read.value);
  }
  rest = rest.slice(at);
});

const roles = {
  async put() {
    for (let n = 0; n < count; n += 1) await ask('RPUSH', 'items', item(n));
    return {};
  },
  async get() {
    const got = { items: 0, sum: 0 };
    while (got.items < count) {
      const [, text] = await ask('BLPOP', 'items', '0');
      got.items += 1;
      got.sum += valueOf(text);
    }
    return got;
  },
  async putMany() {
    await pipelined((n) => ask('RPUSH', 'items', item(n)));
    return {};
  },
  async getMany() {
    const got = { items: 0, sum: 0 };
    await pipelined(async () => {
      const [, text] = await ask('BLPOP', 'items', '0');
      got.items += 1;
      got.sum += valueOf(text);
    });
    return got;
  },
  async ping() {
    const times = new Float64Array(count);
    for (let n = -warmUp; n < count; n += 1) {
      const sent = item(n + warmUp);
      const start = performance.now();
      await ask('RPUSH', 'there', sent);
      const [, back] = await ask('BLPOP', 'back', '0');
      if (n >= 0) times[n] = performance.now() - start;
      if (back !== sent) throw new Error(`${back} came back`);
    }
    return lineOf(times);
  },
  async pong() {
    for (let n = -warmUp; n < count; n += 1) {
      const [, text] = await ask('BLPOP', 'there', '0');
      await ask('RPUSH', 'back', text);
    }
    return {};
  },
  /** Whoever has the token holds the lock. */
  async lockToken() {
    for (let n = 0; n < count; n += 1) {
      const [, token] = await ask('BLPOP', 'token', '0');
      await ask('RPUSH', 'token', token);
    }
    return {};
  },
  /** As Redis's own page has it: set if not there, deleted by who set it; whoever finds it tries again a little later. */
  async lockSet() {
    const mine = String(process.pid);
    for (let n = 0; n < count; n += 1) {
      while ((await ask('SET', 'lock', mine, 'NX', 'PX', '30000')) === null) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await ask('EVAL', RELEASE, '1', 'lock', mine);
    }
    return {};
  },
};

const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';

if (role === 'lockToken')
  await ask('EVAL', 'if redis.call("setnx", "made", 1) == 1 then redis.call("rpush", "token", "t") end', '0');
console.log('ready');
await once(process.stdin, 'data');
console.log(JSON.stringify(await roles[role]()));
await once(process.stdin, 'data');
process.exit();

async function pipelined(command) {
  for (let n = 0; n < count; ) {
    const together = [];
    socket.cork();
    for (; n < count && together.length < TOGETHER; n += 1) together.push(command(n));
    socket.uncork();
    await Promise.all(together);
  }
}

function ask(...words) {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join('')}`, 'latin1');
  return new Promise((resolve) => replies.push(resolve));
}

/** What is said at `at`, and where it ends; null where the end has not come yet. */
function replyAt(text, at) {
  const line = text.indexOf('\r\n', at);
  if (line < 0) return null;
  const said = text.slice(at + 1, line);
  const end = line + 2;
  const kind = text[at];
  if (kind === '-') throw new Error(said);
  if (kind === '+' || kind === ':') return { value: said, end };
  const length = Number(said);
  if (length < 0) return { value: null, end };
  if (kind === '$')
    return text.length < end + length + 2 ? null : { value: text.slice(end, end + length), end: end + length + 2 };
  const values = [];
  let next = end;
  for (let left = length; left > 0; left -= 1) {
    const one = replyAt(text, next);
    if (one === null) return null;
    values.push(one.value);
    next = one.end;
  }
  return { value: values, end: next };
}
