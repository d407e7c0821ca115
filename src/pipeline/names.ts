// Every name that is used means something: it is declared, once, and is of the kind that is asked for there. Which instances
// there are is known only in the Plan, so numbers are looked at there.
import type { Diagnostic } from './diagnostic.ts';
import { Findings, keyOf } from './finding.ts';
import { directoryOf, Lookup, placeOf } from './lookup.ts';
import { checkNeeds } from './needs.ts';
import type { JoinDeclaration, Pipeline, ProcessDeclaration, Reference } from './pipeline.ts';

export function checkNames(pipeline: Pipeline): readonly Diagnostic[] {
  const findings = new Findings(pipeline.document);
  const directory = directoryOf(pipeline);
  const { processes, joins, queues, locks, pipes } = pipeline;
  for (const group of [[...processes, ...joins], queues, locks, pipes]) complainOfTwins(group, findings);
  const look = new Lookup(directory, findings);
  for (const process of processes) {
    checkNeeds(process, process.needs, look);
    for (const reference of queuesOf(process)) look.queue(reference);
    for (const reference of [...process.locks, ...process.holds]) look.lock(reference);
    for (const reference of process.controls) look.runnable(reference);
    if (process.stdin.type === 'process') look.running(process.stdin.process);
    checkOutputs(process, findings);
  }
  for (const join of joins) {
    checkNeeds(join, join.needs, look);
    for (const reference of join.processes) checkJoined(join, reference, look);
    for (const reference of join.queues) look.queue(reference);
  }
  for (const { deadLetter } of queues) if (deadLetter !== null) look.queue(deadLetter);
  for (const pipe of pipes) for (const reference of pipe.ends) look.running(reference);
  return findings.diagnostics;
}

/** The queues a process puts to or takes from, however it says so. */
export function queuesOf(process: ProcessDeclaration): readonly Reference[] {
  return [...putsOf(process), ...getsOf(process)];
}

export function putsOf({ puts, stdout, stderr }: ProcessDeclaration): readonly Reference[] {
  const wired = [stdout, stderr].flatMap((output) => (output.type === 'queue' ? [output.queue] : []));
  return [...puts, ...wired];
}

export function getsOf({ gets, stdin, each }: ProcessDeclaration): readonly Reference[] {
  return [...gets, ...(stdin.type === 'queue' ? [stdin.queue] : []), ...(each === null ? [] : [each])];
}

/** Expressions read them without case. */
function checkOutputs({ name, path, outputs }: ProcessDeclaration, findings: Findings): void {
  const seen = new Map<string, string>();
  for (const output of outputs) {
    const folded = output.normalize('NFC').toLowerCase();
    const twin = seen.get(folded);
    seen.set(folded, output);
    if (twin === undefined) continue;
    const message = `\`${name}\` has outputs \`${twin}\` and \`${output}\`, which differ only in case`;
    findings.error('duplicate-name', [...path, 'outputs'], message, { hint: 'expressions compare names without case' });
  }
}

function checkJoined(join: JoinDeclaration, reference: Reference, look: Lookup): void {
  const at = placeOf(reference);
  const thing = look.thing(reference, 'process');
  if (thing?.declaration === join) {
    look.findings.error('self-join', at, `join \`${join.name}\` waits for itself`, { hint: 'take it out' });
    return;
  }
  if (thing?.kind === 'daemon') {
    look.findings.error('daemon-joined', at, `\`${reference.name}\` is a daemon, which has no end to wait for`, {
      hint: 'make it a process, or join the queue it takes from',
      related: [{ message: 'declared here', at: keyOf(thing.declaration.path) }],
    });
  } else if (thing?.kind === 'join') {
    look.findings.error('unknown-name', at, `\`${reference.name}\` is a join, not a process`, {
      hint: `to wait for it, write \`needs: ${reference.name}\``,
    });
  }
}

function complainOfTwins(
  declared: readonly { name: string; path: readonly (string | number)[] }[],
  findings: Findings,
): void {
  const seen = new Map<string, (typeof declared)[number]>();
  const inFile = declared
    .map((each) => ({ each, start: findings.span(keyOf(each.path)).start }))
    .sort((a, b) => a.start - b.start);
  for (const { each } of inFile) {
    const folded = each.name.normalize('NFC').toLowerCase();
    const twin = seen.get(folded);
    if (twin === undefined) {
      seen.set(folded, each);
      continue;
    }
    const message =
      twin.name === each.name
        ? `\`${each.name}\` is declared twice`
        : `\`${each.name}\` differs from \`${twin.name}\` only in case`;
    findings.error('duplicate-name', keyOf(each.path), message, {
      hint: 'processes, daemons and joins share one namespace, and names that differ only in case are too alike',
      related: [{ message: 'the first one', at: keyOf(twin.path) }],
    });
  }
}
