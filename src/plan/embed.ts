// A Plan set into another, as what is in one of its sub-pipelines: everything in it gets a name under that one's, what is
// connected becomes the channel around it, and what is set around it lies under its environment.
import { environmentOver, environmentWithout } from '../pipeline/environment.ts';
import { isProcess } from './node-kind.ts';
import type { SubPipeline } from './pipeline-node.ts';
import type {
  Around,
  Channel,
  LockChannel,
  Need,
  Node,
  NodeId,
  Output,
  PipelineNode,
  Plan,
  ProcessNode,
  QueueChannel,
  Stdin,
} from './plan.ts';
import { usesOutputs } from './resolve.ts';

export interface Embedded {
  /** The sub-pipeline itself, and what is in it. */
  readonly nodes: readonly Node[];
  /** Those that are its own. */
  readonly channels: readonly Channel[];
  /** Who in it uses the channels around it, and by which name. */
  readonly uses: readonly ChannelUse[];
}

export interface ChannelUse {
  readonly kind: 'queue' | 'lock';
  /** The channel around it. */
  readonly name: string;
  /** The one in whose place it stands. */
  readonly channel: QueueChannel | LockChannel;
  /** How those that are directly in a sub-pipeline call it, by that one's id. */
  readonly called: Readonly<Record<NodeId, string>>;
}

export function embed(inner: Plan, sub: SubPipeline, root: string): Embedded {
  const naming = new Naming(inner, sub);
  const uses: ChannelUse[] = [];
  const channels: Channel[] = [];
  for (const channel of inner.channels) {
    const around = channel.kind === 'pipe' ? undefined : naming.connection(channel.kind, channel.name);
    const renamed = naming.channel(channel);
    if (around === undefined || renamed.kind === 'pipe') channels.push(renamed);
    else {
      const called = { ...renamed.called, [sub.node.id]: channel.name };
      uses.push({ kind: renamed.kind, name: around, channel: renamed, called });
    }
  }
  const node = filled(sub.node, inner);
  return { nodes: [node, ...inner.nodes.map((one) => naming.node(one, root))], channels, uses };
}

/** A sub-pipeline ends when either time limit has passed: its own, or the file's. */
function filled(node: PipelineNode, { file, params, timeoutMs }: Plan): PipelineNode {
  const limits = [node.timeoutMs, timeoutMs].filter((limit) => limit !== null);
  return { ...node, file, params, timeoutMs: limits.length === 0 ? null : Math.min(...limits) };
}

/** What in a process names no node and no channel. Every other key has to be renamed: a new one does not compile before it is. */
type Nameless = keyof PipelineNode | 'launch' | 'cwd' | 'outputs' | 'ready' | 'again' | 'stop' | 'successExitCodes';

class Naming {
  readonly #inner: Plan;
  readonly #sub: SubPipeline;
  /** By kind and name there: what it is here. */
  readonly #connections = new Map<string, string>();
  /** What is set around it: what can be read in it, too, and what reads outputs around it. */
  readonly #env: Readonly<Record<string, string>>;
  readonly #reading: Readonly<Record<string, string>> | null;
  /** Those who need the same share it. */
  readonly #needs = new Map<Need, Need>();

  constructor(inner: Plan, sub: SubPipeline) {
    this.#inner = inner;
    this.#sub = sub;
    const reading = Object.entries(sub.env).filter(([, text]) => usesOutputs(text));
    this.#reading = reading.length === 0 ? null : Object.fromEntries(reading);
    this.#env = reading.length === 0 ? sub.env : environmentWithout(sub.env, this.#reading ?? {});
    const { uses, puts, gets, locks } = sub.declaration;
    const queues = new Set([...puts, ...gets].map(({ name }) => name));
    const held = new Set(locks.map(({ name }) => name));
    for (const { inner: name, outer } of uses.connections) {
      if (queues.has(outer.name)) this.#connections.set(`queue ${name}`, outer.name);
      if (held.has(outer.name)) this.#connections.set(`lock ${name}`, outer.name);
    }
  }

  connection(kind: 'queue' | 'lock', name: string): string | undefined {
    return this.#connections.get(`${kind} ${name}`);
  }

  node(node: Node, root: string): Node {
    const { id, name, within, at, needs } = node;
    const base = {
      id: this.#id(id),
      name: `${this.#sub.node.name}/${name}`,
      within: within === undefined ? this.#sub.node.id : this.#id(within),
      at: { file: this.#inner.file, ...at },
      needs: needs.map((need) => this.#need(need)),
    };
    if (isProcess(node)) return { ...node, ...base, ...this.#process(node, root) };
    if (node.kind === 'pipeline') return { ...node, ...base };
    return {
      ...node,
      ...base,
      processes: node.processes.map((each) => this.#id(each)),
      queues: node.queues.map((queue) => this.#channel('queue', queue)),
    };
  }

  channel(channel: Channel): Channel {
    const base = { at: { file: this.#inner.file, ...channel.at } };
    if (channel.kind === 'pipe') {
      const [first, second] = channel.ends;
      return { ...channel, ...base, name: this.#id(channel.name), ends: [this.#id(first), this.#id(second)] };
    }
    const name = this.#channel(channel.kind, channel.name);
    const called = channel.called && {
      called: Object.fromEntries(Object.entries(channel.called).map(([id, each]) => [this.#id(id), each])),
    };
    const ids = (each: readonly NodeId[]): readonly NodeId[] => each.map((id) => this.#id(id));
    if (channel.kind === 'lock') {
      const host = channel.scope === 'host' ? { hostName: channel.hostName ?? channel.name } : {};
      return { ...channel, ...base, ...called, ...host, name, users: ids(channel.users) };
    }
    const { deadLetter, producers, consumers } = channel;
    return {
      ...channel,
      ...base,
      ...called,
      name,
      deadLetter: deadLetter === null ? null : this.#channel('queue', deadLetter),
      producers: ids(producers),
      consumers: ids(consumers),
    };
  }

  #process(node: ProcessNode, root: string): Omit<ProcessNode, Nameless> {
    const { stdin, stdout, stderr, grants, holds, controls, env, around = [], each } = node;
    const own = node.root ?? this.#inner.root;
    return {
      ...(own === root ? {} : { root: own }),
      env: environmentOver(this.#env, env),
      ...(around.length === 0 && this.#reading === null ? {} : { around: this.#around(around) }),
      controls: controls.map((id) => this.#id(id)),
      each: each && { ...each, queue: this.#channel('queue', each.queue) },
      stdin: this.#stream(stdin),
      stdout: this.#stream(stdout),
      stderr: this.#stream(stderr),
      holds: holds.map(({ lock, shared }) => ({ lock: this.#channel('lock', lock), shared })),
      grants: grants.map(({ channel, role }) => ({ channel: this.#granted(role, channel), role })),
    };
  }

  #around(around: readonly Around[]): readonly Around[] {
    const inner = around.map(({ within, env }) => ({
      within: within === undefined ? this.#sub.node.id : this.#id(within),
      env,
    }));
    return this.#reading === null ? inner : [{ env: this.#reading }, ...inner];
  }

  #granted(role: ProcessNode['grants'][number]['role'], channel: string): string {
    switch (role) {
      case 'put':
      case 'get':
        return this.#channel('queue', channel);
      case 'lock':
        return this.#channel('lock', channel);
      case 'send':
      case 'receive':
        return this.#id(channel);
    }
  }

  #stream<T extends Stdin | Output>(stream: T): T {
    if (stream.type === 'queue') return { ...stream, queue: this.#channel('queue', stream.queue) };
    return stream.type === 'process' ? { ...stream, process: this.#id(stream.process) } : stream;
  }

  #need(need: Need): Need {
    const known = this.#needs.get(need);
    if (known !== undefined) return known;
    const { name, instances } = need;
    const renamed = { ...need, name: this.#id(name), instances: instances.map((id) => this.#id(id)) };
    this.#needs.set(need, renamed);
    return renamed;
  }

  #channel(kind: 'queue' | 'lock', name: string): string {
    return this.connection(kind, name) ?? this.#id(name);
  }

  #id(id: string): string {
    return `${this.#sub.node.id}/${id}`;
  }
}
