// Whether anything of a process's tree still runs. On Linux every thread of every process of the tree is looked at, as /proc shows
// it: a shell that waits for its child or reads what that prints, one that writes into a full pipe of its own tree, or to another tree, or a
// thread that waits for another one of its own process, can do nothing by itself, unless an alarm or a signal of its own may call it.
// Where that cannot be told, something runs. Elsewhere only a tree is known that is one process, which said itself that it is stuck.
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import type { NodeId } from '../plan/plan.ts';
import { hasVariables, linkOf, numbersIn, pids, read, statAt, statOf } from '../procfs.ts';
import { OpenFiles } from './open-files.ts';
import { callOf, SYSTEM_CALLS } from './system-calls.ts';

export interface Tree {
  readonly node: NodeId;
  /** Leads its process group. */
  readonly leader: number;
  /** `NAME=value` in the environment of whatever is of it, wherever it has moved to. */
  readonly marks: readonly string[];
  /** Its processes that nothing but the broker could wake. */
  readonly stuck: readonly number[];
  /** Whose reading and writing at the other end of its stdin and stdout is known to wait, too; null where of none. */
  readonly wiredTo: number | null;
  /** Those to which pipes of the kernel's join its stdin and stdout. */
  readonly neighbours: readonly NodeId[];
}

/** `settling`: it is passive but for what should be over in a moment. */
export type Activity = 'passive' | 'settling' | 'active';

/** How a tree stands at one moment. */
export interface TreeLook {
  readonly activity: Activity;
  /** At which of its neighbours' pipes something of it waits. */
  readonly pipes: readonly { readonly does: 'read' | 'write'; readonly neighbour: NodeId }[];
  /** Changes whenever something of it has run that is not stuck. */
  readonly sign: string;
}

/** One look at all processes serves for all trees. */
export function lookAt(trees: readonly Tree[]): TreeLook[] {
  if (process.platform !== 'linux') {
    return trees.map(({ leader, stuck, wiredTo }) => {
      const passive = wiredTo === null && stuck.length === 1 && stuck[0] === leader;
      return { activity: passive ? 'passive' : 'active', pipes: [], sign: '' };
    });
  }
  const processes = allProcesses();
  const openFiles = new OpenFiles();
  const members = new Map(trees.map((tree) => [tree.node, membersOf(tree, processes).map(({ pid }) => pid)]));
  return trees.map((tree) => lookAtTree(tree, members, openFiles));
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

function lookAtTree(tree: Tree, trees: ReadonlyMap<NodeId, readonly number[]>, openFiles: OpenFiles): TreeLook {
  const members = trees.get(tree.node) ?? [];
  // One that is not found is in another namespace, or gone; and once the leader is gone, what it has left is about to be killed.
  const found = [tree.leader, ...tree.stuck].every((pid) => members.includes(pid));
  if (!found) return ACTIVE;
  const neighbours = tree.neighbours.map((node) => ({ node, pids: new Set(trees.get(node)) }));
  const circle = new Set([
    ...[members, ...neighbours.map(({ pids }) => [...pids])].flat(),
    ...(tree.wiredTo === null ? [] : [tree.wiredTo]),
  ]);
  const pipes: TreeLook['pipes'][number][] = [];
  const signs: string[] = [];
  const isAtItsOwnPipe = (pid: number, task: string): boolean => {
    const pipe = pipeAt(pid, task);
    if (pipe === null) return false;
    const openers = openFiles.openersOf(pipe.name);
    // One that was opened since is not known.
    if (!openers.includes(pid) || !openers.every((opener) => circle.has(opener))) return false;
    const there = neighbours.filter(({ pids }) => openers.some((opener) => pids.has(opener)));
    pipes.push(...there.map(({ node }) => ({ does: pipe.does, neighbour: node })));
    return true;
  };
  let activity: Activity = 'passive';
  for (const pid of members) {
    const stuck = tree.stuck.includes(pid);
    for (const thread of numbersIn(`/proc/${pid}/task`)) {
      const task = `/proc/${pid}/task/${thread}`;
      if (!stuck) signs.push(`${thread} ${switchesOf(task)}`);
      const asleep = statAt(`${task}/stat`).state === 'S';
      if (asleep && (stuck || ((waitsForItsOwn(task) || isAtItsOwnPipe(pid, task)) && !mayBeCalled(pid)))) continue;
      if (!stuck) return ACTIVE;
      if (/^[Tt]$/.test(statAt(`${task}/stat`).state)) return ACTIVE;
      activity = 'settling';
    }
  }
  return { activity, pipes, sign: signs.join('\n') };
}

const ACTIVE: TreeLook = { activity: 'active', pipes: [], sign: '' };

/** How often a thread has fallen asleep. */
function switchesOf(task: string): string | undefined {
  return /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(read(`${task}/status`))?.[1];
}

function membersOf({ leader, marks }: Tree, processes: readonly Process[]): Process[] {
  const alive = processes.filter(({ pid }) => pid !== process.pid);
  const members = new Set(
    alive.filter(({ pid, group }) => group === leader || pid === leader || hasVariables(pid, marks)),
  );
  const numbers = new Set([...members].map(({ pid }) => pid));
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const one of alive) {
      if (members.has(one) || !numbers.has(one.parent)) continue;
      members.add(one);
      numbers.add(one.pid);
    }
  }
  return [...members];
}

/** It has a timer, as `timeout` has, or made a signal its own that others call it by: that may end what it waits for. */
function mayBeCalled(pid: number): boolean {
  if (read(`/proc/${pid}/timers`) !== '') return true;
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0'}`);
  const catches = (signal: NodeJS.Signals) => ((caught >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  // Who catches this one, as `sort` does, or bash with a trap on EXIT, catches all that would end it, to tidy up.
  return (
    !catches('SIGVTALRM') && CALLS.some(catches) && !CALLED_FOR_LITTLE.includes(read(`/proc/${pid}/comm`).trimEnd())
  );
}

/** It waits, without a limit, for a child to end or for another thread of its own process. */
function waitsForItsOwn(thread: string): boolean {
  if (read(`${thread}/wchan`) === 'do_wait') return true;
  const call = callOf(thread);
  if (SYSTEM_CALLS === undefined || call === null) return false;
  const { number, given } = call;
  if (SYSTEM_CALLS.wait.includes(number)) return true;
  const [, operation = 0, , timeout = 1] = given;
  const waits = FUTEX_WAITS.includes(operation & FUTEX_COMMAND) && (operation & FUTEX_PRIVATE) !== 0;
  return number === SYSTEM_CALLS.futex && waits && timeout === 0;
}

/**
 * The pipe without a name that it reads from, or writes into. Where nobody has that open but its own tree, as `$(…)` in a shell has it or what stands
 * beside its `|`, or who is known to wait at the other end of its stdin or stdout, nobody else will end that.
 */
function pipeAt(pid: number, thread: string): { readonly name: string; readonly does: 'read' | 'write' } | null {
  const call = callOf(thread);
  if (SYSTEM_CALLS === undefined || call === null) return null;
  const { number, given } = call;
  const does = SYSTEM_CALLS.read.includes(number) ? 'read' : SYSTEM_CALLS.write.includes(number) ? 'write' : null;
  const file = `/proc/${pid}/fd/${given[0]}`;
  return does !== null && isPipeWithoutName(file) ? { name: linkOf(file), does } : null;
}

/** Where it has one, as what `mkfifo` makes, anybody may open it yet. */
function isPipeWithoutName(file: string): boolean {
  try {
    const stats = statSync(file);
    return stats.isFIFO() && (stats.nlink === 0 || linkOf(file).startsWith('pipe:'));
  } catch {
    return false;
  }
}

/** Signals that tell a program something of its own. */
const CALLS = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGIO'] as const;
/** By them these are only told to start more at once, or to say more. */
const CALLED_FOR_LITTLE: readonly string[] = ['xargs', 'make'];

/** `FUTEX_WAIT` and `FUTEX_WAIT_BITSET`, and the flag that says that only this process uses it. */
const FUTEX_WAITS: readonly number[] = [0, 9];
const FUTEX_PRIVATE = 0x80;
const FUTEX_COMMAND = 0x7f;

/** All that live: where the first thread has ended, and is shown as a zombie, others may go on. */
function allProcesses(): Process[] {
  return pids().flatMap((pid) => {
    const { lives, parent, group } = statOf(pid);
    return lives ? [{ pid, parent, group }] : [];
  });
}
