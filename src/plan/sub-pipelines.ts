// Fills the sub-pipelines of a Plan: what each of them is given goes through its file's own stages, once for all that are given
// the same, and what comes of that is set into the Plan. A Plan is filled from the inside out, and so is flat in the end.
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import { Findings } from '../pipeline/finding.ts';
import type { Json } from '../pipeline/json.ts';
import type { Document } from '../pipeline/document.ts';
import type { Compiled } from './compile.ts';
import { type ChannelUse, embed, type Embedded } from './embed.ts';
import { mostInstances } from './expand.ts';
import type { Part, Parts } from './part.ts';
import { partValues } from './part-values.ts';
import type { SubPipeline } from './pipeline-node.ts';
import type { Channel, Node, NodeId, Plan } from './plan.ts';

/** A file's stages with what it is given: its Plan, filled; null where something is wrong, which was said. */
export type PlanPart = (part: Part, values: Readonly<Record<string, Json>>) => Promise<Plan | null>;

/** Different sets of values for one file; each goes through all its stages. */
const mostVariants = 10_000;

export async function fill(
  { plan, subPipelines }: Compiled,
  parts: Parts,
  document: Document,
  planPart: PlanPart,
): Promise<{ readonly plan: Plan | null; readonly diagnostics: readonly Diagnostic[] }> {
  const findings = new Findings(document);
  const filled = new Map<NodeId, Embedded>();
  const variants = new Set<string>();
  const secrets = new Set(plan?.secrets);
  let total = (plan?.nodes.length ?? 0) - subPipelines.size;
  let isSound = plan !== null;
  for (const sub of subPipelines.values()) {
    const { declaration, node } = sub;
    const part = parts.get(declaration.name) ?? null;
    const values = part && (await partValues(part, sub, findings));
    if (part === null || values === null) {
      isSound = false;
      continue;
    }
    variants.add(`${part.file} ${JSON.stringify(values)}`);
    const inner = variants.size > mostVariants ? null : await planPart(part, values);
    total += 1 + (inner?.nodes.length ?? 0);
    if (variants.size > mostVariants || total > mostInstances) {
      complainOfSize(sub, total, findings);
      isSound = false;
      break;
    }
    for (const secret of inner?.secrets ?? []) secrets.add(secret);
    if (inner === null) isSound = false;
    else if (isSound && plan !== null) filled.set(node.id, embed(inner, sub, plan.root));
  }
  if (!isSound || plan === null) return { plan: null, diagnostics: findings.diagnostics };
  return { plan: subPipelines.size === 0 ? plan : merged(plan, filled, secrets), diagnostics: findings.diagnostics };
}

function complainOfSize({ declaration, node }: SubPipeline, total: number, findings: Findings): void {
  const { file } = declaration.uses;
  const message =
    total > mostInstances
      ? `with what is in \`${node.id}\` there would be more than ${inGroups(mostInstances)} instances`
      : `\`${file}\` would be read with more than ${inGroups(mostVariants)} different values`;
  findings.error('too-many', declaration.uses.path, message, {
    hint: 'let fewer share the work by a queue',
  });
}

function merged(plan: Plan, filled: ReadonlyMap<NodeId, Embedded>, secrets: ReadonlySet<string>): Plan {
  const nodes = plan.nodes.flatMap((node): readonly Node[] => filled.get(node.id)?.nodes ?? [node]);
  const embedded = [...filled.values()];
  const uses = new Map<string, Map<NodeId, ChannelUse>>();
  for (const [id, { uses: own }] of filled)
    for (const use of own) {
      const key = `${use.kind} ${use.name}`;
      const known = uses.get(key);
      if (known === undefined) uses.set(key, new Map([[id, use]]));
      else known.set(id, use);
    }
  const channels = plan.channels.map((channel) => {
    if (channel.kind === 'pipe') return channel;
    const own = uses.get(`${channel.kind} ${channel.name}`);
    return own === undefined ? channel : joined(channel, own);
  });
  return {
    ...plan,
    secrets: [...secrets],
    nodes,
    channels: [...channels, ...embedded.flatMap(({ channels: own }) => own)],
  };
}

/** With those who use it inside of sub-pipelines in place of these. */
function joined(channel: Exclude<Channel, { kind: 'pipe' }>, uses: ReadonlyMap<NodeId, ChannelUse>): Channel {
  const called = Object.fromEntries([...uses.values()].flatMap((use) => Object.entries(use.called)));
  const inPlace = (ids: readonly NodeId[], usersOf: (use: ChannelUse) => readonly NodeId[]): readonly NodeId[] =>
    ids.flatMap((id) => {
      const use = uses.get(id);
      return use === undefined ? [id] : usersOf(use);
    });
  if (channel.kind === 'lock') {
    const users = inPlace(channel.users, ({ channel: own }) => (own.kind === 'lock' ? own.users : []));
    return { ...channel, called: { ...channel.called, ...called }, users };
  }
  const producers = inPlace(channel.producers, ({ channel: own }) => (own.kind === 'queue' ? own.producers : []));
  const consumers = inPlace(channel.consumers, ({ channel: own }) => (own.kind === 'queue' ? own.consumers : []));
  return { ...channel, called: { ...channel.called, ...called }, producers, consumers };
}

/** `100 000` */
function inGroups(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ');
}
