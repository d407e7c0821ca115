// What does not go with `holds`: a lock that is held all the while cannot be taken besides, and only one of `kind: rw` is held to read.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { placeOf } from '../pipeline/lookup.ts';
import { Foresight } from './foresight.ts';
import type { Graph } from './graph.ts';
import { isProcess } from './node-kind.ts';
import { withContested } from './contested.ts';
import { fenceVariableOf } from './fence-variable.ts';
import type { Plan } from './plan.ts';
import { tiesOf } from './ties.ts';
import type { HoldDeclaration, LockDeclaration, Pipeline, ProcessDeclaration } from '../pipeline/pipeline.ts';

export function checkHolds({ locks, processes }: Pipeline, findings: Findings): void {
  const byName = new Map(locks.map((lock) => [lock.name, lock]));
  for (const process of processes) {
    for (const hold of process.holds) {
      const lock = byName.get(hold.name);
      if (lock !== undefined) checkHold(process, hold, lock, findings);
    }
  }
}

/** That what a process is told of two locks has two names. */
export function checkFences(plan: Plan, { byName }: Graph, findings: Findings): void {
  for (const node of withContested(plan).nodes) {
    if (!isProcess(node) || node.holds.length < 2) continue;
    const seen = new Map<string, string>();
    for (const { lock } of node.holds.filter(({ contested }) => contested)) {
      const variable = fenceVariableOf(lock);
      const twin = seen.get(variable);
      seen.set(variable, lock);
      if (twin === undefined) continue;
      const message = `\`${node.name}\` is told of locks \`${twin}\` and \`${lock}\` by one variable, \`${variable}\``;
      findings.error('duplicate-name', [...(byName.get(node.name)?.thing.declaration.path ?? []), 'holds'], message, {
        hint: 'give one of them a name that differs in its letters or digits',
      });
    }
  }
}

/** That there is an order in which all who hold locks, and those they wait for, come to their end. */
export function checkHeldOrder(plan: Plan, { byName }: Graph, findings: Findings): void {
  if (plan.nodes.every((node) => !isProcess(node) || node.holds.length === 0)) return;
  if (findings.diagnostics.some(({ code }) => code === 'lock-order')) return;
  const free = { ...plan, nodes: plan.nodes.map((node) => (isProcess(node) ? { ...node, holds: [] } : node)) };
  if (canAllEnd(plan) || !canAllEnd(free)) return;
  const holders = plan.nodes.flatMap((node) => (isProcess(node) && node.holds.length > 0 ? [node.name] : []));
  const names = [...new Set(holders)];
  const first = byName.get(names[0] ?? '')?.thing;
  const path = first === undefined ? [] : [...first.declaration.path, 'holds'];
  const shown = names.slice(0, 10).map((name) => `\`${name}\``);
  findings.error(
    'lock-order',
    path,
    `there is no order in which all get the locks that they hold: ${shown.join(', ')}`,
    {
      hint: 'who is needed while another one runs cannot wait for what that one holds; where only a part of a program needs a lock, that can take it itself (`locks`)',
    },
  );
}

function canAllEnd(plan: Plan): boolean {
  const ties = tiesOf(plan);
  const open = Int32Array.from(ties.units, ({ members }) => members.length);
  const running = new Int32Array(open.length);
  return new Foresight(ties, { open, running }, Number.POSITIVE_INFINITY, 'dearest').canEnd(ties.units);
}

function checkHold(
  { name, locks }: ProcessDeclaration,
  hold: HoldDeclaration,
  lock: LockDeclaration,
  findings: Findings,
): void {
  const at = placeOf(hold);
  const related = [{ message: 'the lock', at: keyOf(lock.path) }];
  const own = locks.find((reference) => reference.name === hold.name);
  if (hold.shared && lock.kind !== 'rw')
    findings.error('lock-kind', at, `lock \`${lock.name}\` is not of \`kind: rw\`, and cannot be held to read`, {
      hint: 'say `kind: rw` there, or hold it without `read`',
      related,
    });
  if (own !== undefined)
    findings.error(
      'lock-order',
      at,
      `\`${name}\` holds lock \`${lock.name}\` all the while, and would wait for itself`,
      {
        hint: 'take it out of `holds` or out of `locks`',
        related: [{ message: 'it may take it here', at: placeOf(own) }],
      },
    );
}
