// Who waits for what, in words: one line for each wait, and what may mend it.
import type { Deadlock, QueueFill, Stalled, Waiting, WaitFact } from '../run/event.ts';

const shownNames = 4;
const shownWaits = 12;

type Waits = Pick<Stalled, 'waits' | 'queues'>;

/** The circle in one line: `a` → `b` → `a`. */
export function circle({ circle: nodes }: Pick<Deadlock, 'circle'>): string {
  const shown = nodes.length > shownWaits ? [...nodes.slice(0, shownWaits - 1), null] : nodes;
  return [...shown, nodes[0]].map((node) => (node === null ? '…' : `\`${node}\``)).join(' → ');
}

/** One line for each, the longest list cut short. */
export function waitLines({ waits, queues }: Waits, seconds: (ms: number) => string): string[] {
  const lines = waits
    .slice(0, shownWaits)
    .map((wait) => `\`${wait.node}\` ${doing(wait, queues)}${since(wait, seconds)}`);
  return waits.length > shownWaits ? [...lines, `and ${waits.length - shownWaits} more`] : lines;
}

/** Who stands in line, the first ones. */
export function lineLines(
  { waits, behind }: Pick<Waiting, 'waits' | 'behind'>,
  seconds: (ms: number) => string,
): string[] {
  const lines = waits.slice(0, shownNames).map(({ node, channel, forMs, on }) => {
    const what = channel === null ? '' : `lock \`${channel}\`, held by `;
    return `\`${node}\`, for ${what}${on.length === 0 ? 'others' : listOf(on)}, since ${seconds(forMs)}`;
  });
  const more = waits.length - lines.length + behind;
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

/** What may mend a deadlock; null where nothing can be said for sure. */
export function hintFor({ circle: nodes, waits, queues }: Deadlock): string | null {
  const among = nodes.length === 0 ? waits : waits.filter(({ node }) => nodes.includes(node));
  const all = (does: WaitFact['does']): boolean => among.every((wait) => wait.does === does);
  if (all('acquire')) {
    if (among.some(({ left }) => left !== undefined))
      return 'a lock with `owned: false` stays taken when the one who took it ends: give it back before';
    if (among.some(({ node, on, behind }) => behind !== undefined && on.includes(node)))
      return 'who reads cannot ask to read again behind one that waits to write: release it first';
    if (nodes.length === 1)
      return 'a lock that is not `reentrant` cannot be taken twice, and one that is not by two threads: release it first';
    const isOne = new Set(among.map(({ channel }) => channel)).size === 1;
    return isOne
      ? 'each has some of this lock and asks for more of it: give back first what one has'
      : 'let everybody take these locks in the same order';
  }
  if (all('put')) {
    const isByCount = among.every(({ channel }) => channel !== null && !isFullOfBytes(queues[channel]));
    const room = isByCount
      ? 'take `maxsize` off one of these queues'
      : 'give one of these queues more room (`max_bytes`)';
    return `${room}, or let its consumer take before it puts`;
  }
  if (among.some(({ does }) => does === 'slot'))
    return 'give the run more `slots`: who waits for another keeps its own';
  const held = among.some(
    ({ does, channel }) => does !== 'put' && channel !== null && (queues[channel]?.held ?? 0) > 0,
  );
  if (held && among.every(({ does }) => does === 'get' || does === 'join'))
    return 'items that were taken are still held: a `get` must be followed by `taskDone` (Python: `task_done`), or be a loop';
  return null;
}

function doing(wait: WaitFact, queues: Waits['queues']): string {
  const { does, channel, file, on } = wait;
  const names = listOf(on);
  const fill = channel === null ? undefined : queues[channel];
  const full = fill === undefined ? '' : ` (${fillOf(fill, does)})`;
  switch (does) {
    case 'get':
      return `waits in \`get\` on queue \`${channel}\`${full}, ${on.length === 0 ? 'to which nobody puts' : `for ${names}`}`;
    case 'put':
      return `waits in \`put\` on queue \`${channel}\`${full}, for ${names} to take`;
    case 'join':
      return `waits in \`join\` on queue \`${channel}\`${full}, for ${names} to be done`;
    case 'acquire':
      return `waits for lock \`${channel}\`, ${holding(wait)}`;
    case 'await':
      return wait.daemon === undefined
        ? `waits for ${names} to end`
        : `waits for daemon ${names} to end, which is stopped only once all processes have ended`;
    case 'send':
      return `waits in \`send\` on pipe \`${channel}\`, for ${names} to receive`;
    case 'receive':
      return `waits in \`recv\` on pipe \`${channel}\`, for ${names} to send`;
    case 'start':
      return `has not started: it needs ${channel === null ? names : `lock \`${channel}\`, held by ${names}`}`;
    case 'slot':
      return `has not started: there is no slot for it before ${names} ends`;
    case 'work':
      return `has items under way: it waits for ${names}`;
    case 'pass':
      return `cannot pass: it waits for ${names}`;
    case 'open':
      return `waits to open the FIFO \`${file}\`, whose other end nobody opens`;
    case 'read':
      if (file === undefined) return `waits to read from its stdin, for ${names} to write`;
      return `waits to read from the FIFO \`${file}\`, ${besides(on, 'to write')}`;
    case 'write':
      if (file === undefined) return `waits to write to its stdout, for ${names} to read`;
      return `waits to write to the FIFO \`${file}\`, ${besides(on, 'to read')}`;
  }
}

function besides(on: WaitFact['on'], what: string): string {
  return on.length === 0 ? 'which nobody else has open' : `for ${listOf(on)} ${what}`;
}

/** Who has it. */
function holding(wait: WaitFact): string {
  const { node, on, left, behind, elsewhere } = wait;
  if (elsewhere !== undefined) return 'held by another run';
  if (left !== undefined) return `which ${listOf(left, 'and')} took, and ended without giving it back`;
  const held = `held by ${on.length === 0 ? 'nobody' : on.includes(node) ? selfAnd(wait) : listOf(on)}`;
  if (behind === undefined) return held;
  return `${held}, behind ${listOf(behind, 'and')}, which ${behind.length === 1 ? 'waits' : 'wait'} to write`;
}

function selfAnd({ node, on }: WaitFact): string {
  const others = on.filter((other) => other !== node);
  return others.length === 0 ? 'itself' : `itself and ${listOf(others)}`;
}

/** The bytes are told where it is they for which one waits. */
function fillOf(fill: QueueFill, does: WaitFact['does']): string {
  const { size, maxsize, bytes, maxBytes, held } = fill;
  const wait = maxsize === 0 ? `${size} wait` : `${size} of ${maxsize} wait`;
  const room = does === 'put' && isFullOfBytes(fill) ? [`${sizeOf(bytes)} of ${sizeOf(maxBytes)}`] : [];
  return [wait, ...room, ...(held === 0 ? [] : [`${held} held`])].join(', ');
}

/** Of one to which somebody cannot put: there is a place for one item more. */
function isFullOfBytes(fill: QueueFill | undefined): boolean {
  return fill !== undefined && (fill.maxsize === 0 || fill.size < fill.maxsize);
}

/** `12 bytes`, `2.9 KiB`, `64.0 MiB`. */
function sizeOf(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size);
  return unit === undefined ? `${bytes} bytes` : `${(bytes / unit[1]).toFixed(1)} ${unit[0]}`;
}

const UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

/** A node has not stirred for so long; of what never started, or waits at a pipe of the kernel's, that is not known. */
function since({ does, forMs, file }: WaitFact, seconds: (ms: number) => string): string {
  const isAtPipe = (does === 'read' || does === 'write') && file === undefined;
  const unknown = isAtPipe || does === 'start' || does === 'slot' || does === 'work' || does === 'pass';
  return unknown ? '' : `, since ${seconds(forMs)}`;
}

function listOf(nodes: readonly string[], last: 'and' | 'or' = 'or'): string {
  const names = nodes.slice(0, shownNames).map((node) => `\`${node}\``);
  const more = nodes.length - names.length;
  if (more > 0) return `${names.join(', ')} and ${more} more`;
  return names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}
