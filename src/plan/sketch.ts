// A Plan as boxes and arrows, one box for each declared name however many instances it has: what every drawing of it shows.
import { duration, oneLine } from './drawn-text.ts';
import { isProcess } from './node-kind.ts';
import { notesOf } from './node-notes.ts';
import type {
  Channel,
  Launch,
  LockChannel,
  Node,
  NodeId,
  Origin,
  PipeChannel,
  Plan,
  ProcessNode,
  QueueChannel,
} from './plan.ts';

export interface Sketch {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

export interface Box {
  /** Unique in the sketch: queues, locks and pipes have namespaces of their own. */
  readonly key: string;
  readonly kind: 'process' | 'daemon' | 'join' | 'pipeline' | 'queue' | 'lock' | 'pipe';
  /** As it is declared; of what is in a sub-pipeline with that one's before it. */
  readonly name: string;
  /** The key of the sub-pipeline that it is in. */
  readonly within: string | null;
  /** Null: one, under its bare name. */
  readonly instances: number | null;
  /** What it runs, or how it is set; short, on one line, without control characters. */
  readonly detail: string;
  /** What else is worth knowing where there is room for it. */
  readonly notes: readonly string[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly kind:
    | 'needs'
    | 'joins'
    | 'puts'
    | 'gets'
    | 'buries'
    | 'pipes'
    | 'locks'
    | 'controls'
    | 'talks'
    | 'sends'
    | 'receives';
  /** What is not said by the kind: a condition that is not the default, one instance of several. */
  readonly label: string;
}

export function sketch(plan: Plan): Sketch {
  const groups = new Map<string, Node[]>();
  const nameOf = new Map<NodeId, string>();
  for (const node of plan.nodes) {
    nameOf.set(node.id, node.name);
    const group = groups.get(node.name);
    if (group === undefined) groups.set(node.name, [node]);
    else group.push(node);
  }
  const boxes: Box[] = [];
  const arrows: Arrow[] = [];
  // All instances of a name need, put and take the same.
  for (const [name, nodes] of groups) {
    const [node] = nodes;
    if (node === undefined) continue;
    boxes.push(boxOf(name, node, nodes));
    arrows.push(...arrowsOf(node, groups, nameOf));
  }
  for (const [key, channels] of byDeclaration(plan.channels)) {
    const [channel] = channels;
    if (channel === undefined) continue;
    if (channel.kind === 'pipe') arrows.push(...pipeArrowsOf(channel, nameOf));
    if (channel.kind === 'queue' && channel.deadLetter !== null)
      arrows.push({ from: key, to: keyOf('queue', channel.deadLetter), kind: 'buries', label: 'dead letters' });
    const name = declared(channel.name);
    const instances = name === channel.name ? null : channels.length;
    boxes.push({
      key,
      kind: channel.kind,
      name,
      within: within(name),
      instances,
      detail: settingsOf(channel),
      notes: [],
    });
  }
  return { boxes, arrows };
}

/** Each instance of a sub-pipeline has its own of what is in it. */
function byDeclaration(channels: readonly Channel[]): ReadonlyMap<string, readonly Channel[]> {
  const groups = new Map<string, Channel[]>();
  for (const channel of channels) {
    const key = keyOf(channel.kind, channel.name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [channel]);
    else group.push(channel);
  }
  return groups;
}

/** `line/raw` for `line.2/raw`. */
function declared(name: string): string {
  return name.replaceAll(/\.\d+(?=\/)/g, '');
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function within(name: string): string | null {
  const end = name.lastIndexOf('/');
  return end === -1 ? null : keyOf('node', name.slice(0, end));
}

/** Boxes by the key of what they are in, null where it is the whole. */
export function insides(boxes: readonly Box[]): ReadonlyMap<string | null, readonly Box[]> {
  const inside = new Map<string | null, Box[]>();
  for (const box of boxes) {
    const others = inside.get(box.within);
    if (others === undefined) inside.set(box.within, [box]);
    else others.push(box);
  }
  return inside;
}

/** Its name in what it is in. */
export function ownName({ name }: Box): string {
  return lastOf(name);
}

export function keyOf(kind: 'node' | 'queue' | 'lock' | 'pipe', name: string): string {
  return `${kind} ${declared(name)}`;
}

function boxOf(name: string, node: Node, nodes: readonly Node[]): Box {
  const instances = node.id === name || (nodes.length === 1 && declared(node.id) === name) ? null : nodes.length;
  return {
    key: keyOf('node', name),
    kind: node.kind,
    name,
    within: within(name),
    instances,
    detail: detailOf(node, nodes),
    notes: notesOf(nodes),
  };
}

function detailOf(node: Node, nodes: readonly Node[]): string {
  if (node.kind === 'join') return joinDetail(node);
  if (node.kind === 'pipeline') return oneLine(nameOf(node.file));
  return launchDetail(nodes);
}

function joinDetail({ mode, timeoutMs, onTimeout }: Extract<Node, { kind: 'join' }>): string {
  const words: string[] = [];
  if (mode !== 'all') words.push(mode === 1 ? 'the first to succeed' : `the first ${mode} to succeed`);
  if (timeoutMs !== null)
    words.push(`within ${duration(timeoutMs)}${onTimeout === 'fail' ? '' : `, else ${onTimeout}`}`);
  return words.join(', ');
}

function launchDetail(nodes: readonly Node[]): string {
  const [first, ...others] = new Set(nodes.slice(0, 100).map((node) => shownLaunch((node as ProcessNode).launch)));
  return others.length === 0 ? (first ?? '') : `${first ?? ''}, …`;
}

function shownLaunch(launch: Launch): string {
  switch (launch.type) {
    case 'shell':
      return oneLine(launch.script);
    case 'command':
      return oneLine(launch.argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word}'`)).join(' '));
    case 'target':
      return oneLine(`${launch.file.slice(launch.file.lastIndexOf('/') + 1)}#${launch.export}`);
  }
}

function settingsOf(channel: Channel): string {
  switch (channel.kind) {
    case 'queue':
      return queueSettings(channel);
    case 'lock':
      return lockSettings(channel);
    case 'pipe':
      return channel.encoding === 'json' ? '' : channel.encoding;
  }
}

function lockSettings({ lock, permits, reentrant, owned, scope }: LockChannel): string {
  const words: string[] = [];
  if (lock === 'semaphore') words.push(`${permits} permits`);
  if (lock === 'rw') words.push('many readers or one writer');
  if (reentrant) words.push('reentrant');
  if (!owned) words.push('not owned');
  if (scope === 'host') words.push('of the whole machine');
  return words.join(', ');
}

function queueSettings({ order, maxsize, overflow, encoding, delivery, group, from, to }: QueueChannel): string {
  const words: string[] = order === 'fifo' ? [] : [order];
  if (maxsize > 0) words.push(`maxsize ${maxsize}`);
  if (overflow !== 'block') words.push(overflow);
  if (from !== null) words.push(`from ${shownOrigin(from)}`);
  if (to !== null) words.push(`to ${oneLine(nameOf(to.path))}`);
  if (encoding !== 'json') words.push(encoding);
  if (delivery !== 'at-least-once') words.push(delivery);
  if (group !== null) words.push('feeds back');
  return words.join(', ');
}

function shownOrigin(from: Origin): string {
  if (from.type === 'values') return `${from.values.length} values`;
  return oneLine(from.type === 'glob' ? from.pattern : nameOf(from.path));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function arrowsOf(
  node: Node,
  groups: ReadonlyMap<string, readonly Node[]>,
  nameOf: ReadonlyMap<NodeId, string>,
): Arrow[] {
  const self = keyOf('node', node.name);
  const arrows = new Map<string, Arrow>();
  const add = (arrow: Arrow): void => {
    arrows.set(`${arrow.from} ${arrow.to} ${arrow.kind} ${arrow.label}`, arrow);
  };
  for (const { name: needed, instances, condition } of node.needs) {
    const meant = declared(needed);
    const name = groups.has(meant) ? meant : nameOf.get(instances[0] ?? '');
    if (name === undefined) continue;
    const isDefault =
      condition === 'succeeded' || condition === 'passed' || (condition === 'ready' && isDaemon(groups, name));
    const label = [...(name === meant ? [] : [lastOf(meant)]), ...(isDefault ? [] : [condition])].join(' ');
    add({ from: keyOf('node', name), to: self, kind: 'needs', label });
  }
  if (node.kind === 'join') {
    const joined = new Map<string, number>();
    for (const id of node.processes) {
      const name = nameOf.get(id) ?? id;
      joined.set(name, (joined.get(name) ?? 0) + 1);
    }
    for (const [name, count] of joined) {
      const all = groups.get(name)?.length ?? 0;
      add({ from: keyOf('node', name), to: self, kind: 'joins', label: count === all ? '' : `${count} of ${all}` });
    }
    for (const queue of node.queues) add({ from: keyOf('queue', queue), to: self, kind: 'joins', label: '' });
    return [...arrows.values()];
  }
  if (!isProcess(node)) return [...arrows.values()];
  if (node.stdin.type === 'process') {
    const writer = nameOf.get(node.stdin.process) ?? node.stdin.process;
    add({ from: keyOf('node', writer), to: self, kind: 'pipes', label: '' });
  }
  for (const name of new Set(node.controls.map((id) => nameOf.get(id) ?? id)))
    add({ from: self, to: keyOf('node', name), kind: 'controls', label: '' });
  for (const { lock, shared } of node.holds)
    add({ from: self, to: keyOf('lock', lock), kind: 'locks', label: shared ? 'holds to read' : 'holds' });
  for (const { channel, role } of node.grants) {
    if (role === 'put') add({ from: self, to: keyOf('queue', channel), kind: 'puts', label: '' });
    else if (role === 'get') add({ from: keyOf('queue', channel), to: self, kind: 'gets', label: eachOf(node) });
    else if (role === 'lock') add({ from: self, to: keyOf('lock', channel), kind: 'locks', label: '' });
  }
  return [...arrows.values()];
}

/** Which instance it is matters here, so these do not come from what all instances of a name have in common. */
function pipeArrowsOf({ name, duplex, ends }: PipeChannel, nameOf: ReadonlyMap<NodeId, string>): Arrow[] {
  const pipe = keyOf('pipe', name);
  return ends.map((id, at): Arrow => {
    const end = keyOf('node', nameOf.get(id) ?? id);
    const label = nameOf.get(id) === declared(id) ? '' : lastOf(id);
    if (duplex) return { from: end, to: pipe, kind: 'talks', label };
    return at === 0 ? { from: end, to: pipe, kind: 'sends', label } : { from: pipe, to: end, kind: 'receives', label };
  });
}

function isDaemon(groups: ReadonlyMap<string, readonly Node[]>, name: string): boolean {
  return groups.get(name)?.[0]?.kind === 'daemon';
}

function eachOf({ each }: ProcessNode): string {
  if (each === null) return '';
  return each.workers === 1 ? 'a process for each' : `a process for each, ${each.workers} at a time`;
}
