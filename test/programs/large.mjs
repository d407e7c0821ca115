// Puts and gets items of some hundred kilobytes that say whether they are whole, and tells whether shared memory was used for that.
import { readdirSync, readlinkSync } from 'node:fs';
import { queue } from 'forkline';

const SIZES = [65_536, 100_000, 262_144, 1_000_003];

/** The item of that number: its number, then one byte again and again. */
function item(number) {
  const bytes = Buffer.alloc(SIZES[number % SIZES.length], (number % 251) + 1);
  bytes.writeUInt32BE(number);
  return bytes;
}

export function numberIn(bytes) {
  const number = bytes.readUInt32BE(0);
  if (!item(number).equals(bytes)) throw new Error(`item ${number} came broken`);
  return number;
}

export async function put(count) {
  const q = queue('items');
  for (let number = 0; number < count; number += 1) await q.put(item(number));
  await q.flush();
  console.log(shared());
}

export async function get() {
  // It is closed again once all in it is over.
  const ways = new Set();
  for await (const bytes of queue('items')) {
    console.log(numberIn(bytes));
    ways.add(shared());
  }
  console.log([...ways].join(', '));
}

/** Dies with the item that it has just taken, and the one it reads ahead. */
export async function die() {
  const taken = await queue('items').get();
  console.log(numberIn(taken));
  process.kill(process.pid, 'SIGKILL');
}

function shared() {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return open.some((path) => path.startsWith('/dev/shm/')) ? 'shared memory' : 'sockets';
}
