// What is wrong with a Plan and shows only once all its files are put together: loops that go through several of them and whose end
// nobody could tell, files that several instances would write at once, a `delivery` that does not go with what is in it, and too few slots
// for that. Said where the outermost file uses the one that is concerned.
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Document } from '../pipeline/document.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import { isProcess } from './node-kind.ts';
import { checkSlots } from './slots.ts';
import type { Channel, NodeId, Plan, ProcessNode, QueueChannel } from './plan.ts';

/** `plan` is the whole, with the groups of its queues. */
export function checkWhole(plan: Plan, document: Document): readonly Diagnostic[] {
  const findings = new Findings(document);
  if (!plan.nodes.some(({ kind }) => kind === 'pipeline')) return [];
  const queues = plan.channels.filter((channel) => channel.kind === 'queue');
  complainOfLoops(plan, queues, findings);
  complainOfFiles(queues, findings);
  complainOfTaken(plan, queues, findings);
  checkSlots(plan, placeOf, findings);
  return findings.diagnostics;
}

/** A loop inside of one file was found there; what is left goes through several. */
function complainOfLoops({ nodes }: Plan, queues: readonly QueueChannel[], findings: Findings): void {
  const groups = new Map(queues.map(({ name, group }) => [name, group]));
  const putting = usersOf(queues, ({ producers }) => producers);
  const taking = usersOf(queues, ({ consumers }) => consumers);
  // Of all instances of a process the first is named.
  const told = new Set<string>();
  for (const node of nodes) {
    if (!isProcess(node) || told.has(node.name)) continue;
    const wired = streamOf(node, (queue, isInput) => {
      const group = groups.get(queue);
      const others = isInput ? putting.get(node.id) : taking.get(node.id);
      return group !== null && group !== undefined && (others ?? []).some((other) => group.includes(other));
    });
    if (wired === null) continue;
    told.add(node.name);
    const message = `\`${node.id}\` is in a loop of queues by its ${wired.stream}, through \`${wired.queue}\`: nobody could tell when that ends`;
    findings.error('stream-never-ends', placeOf(node.id), message, {
      hint: 'use that queue through the SDK there (`gets`, `puts`), or put what comes of it to another queue',
    });
  }
}

function streamOf(
  { stdin, stdout, stderr }: ProcessNode,
  isLooped: (queue: string, isInput: boolean) => boolean,
): { readonly stream: string; readonly queue: string } | null {
  for (const [stream, wiring] of [
    ['stdin', stdin],
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const)
    if (wiring.type === 'queue' && isLooped(wiring.queue, stream === 'stdin')) return { stream, queue: wiring.queue };
  return null;
}

function usersOf(
  queues: readonly QueueChannel[],
  idsOf: (queue: QueueChannel) => readonly NodeId[],
): ReadonlyMap<NodeId, readonly string[]> {
  const users = new Map<NodeId, string[]>();
  for (const queue of queues)
    for (const id of idsOf(queue)) {
      const known = users.get(id);
      if (known === undefined) users.set(id, [queue.name]);
      else known.push(queue.name);
    }
  return users;
}

/** A file is written by one queue, and read by none; that goes for what it is called while it is being written, too. */
function complainOfFiles(queues: readonly QueueChannel[], findings: Findings): void {
  const uses = new Map<string, { readonly queue: Channel; readonly what: string }>();
  for (const queue of queues) {
    const { from } = queue;
    if (from !== null && 'path' in from && !uses.has(from.path))
      uses.set(from.path, { queue, what: `queue \`${queue.name}\` is filled from it` });
  }
  const told = new Set<string>();
  for (const queue of queues) {
    if (queue.to === null) continue;
    const { path } = queue.to;
    const own = [path, `${path}.partial`];
    const other = own.flatMap((file) => uses.get(file) ?? [])[0];
    if (other !== undefined) {
      if (told.has(path)) continue;
      told.add(path);
      const message = `queue \`${queue.name}\` cannot be written to \`${path}\`: ${other.what}`;
      const at = queue.name.includes('/') ? queue.name : other.queue.name;
      findings.error('file-conflict', placeOf(at), message, {
        hint: 'let each have a file of its own, named by a param: `with: { out: "${{ replica }}.txt" }`',
      });
      continue;
    }
    for (const file of own) uses.set(file, { queue, what: `queue \`${queue.name}\` is written to it` });
  }
}

/** What a file says of its own queues was found there; what is left is connected. */
function complainOfTaken({ nodes }: Plan, queues: readonly QueueChannel[], findings: Findings): void {
  const gone = new Set(queues.filter(({ delivery }) => delivery === 'at-most-once').map(({ name }) => name));
  const told = new Set<string>();
  for (const node of nodes) {
    if (!isProcess(node) || node.stdin.type !== 'queue' || node.stdin.done !== 'exit') continue;
    if (!gone.has(node.stdin.queue) || told.has(node.name)) continue;
    told.add(node.name);
    const message = `\`${node.id}\` says \`done: exit\`, and an item of queue \`${node.stdin.queue}\` is done when it is taken, with its \`delivery: at-most-once\``;
    findings.error('connection-conflict', placeOf(node.id), message, { hint: 'take one of the two out' });
  }
}

/** Where the outermost file uses what that is in; where it is in none, all of it. */
function placeOf(name: string) {
  const [first = ''] = name.split('/', 1);
  const declared = first.replace(/\.\d+$/, '');
  return name.includes('/') ? ['processes', declared, 'uses'] : keyOf(['processes', declared]);
}
