// `processes.NAME.outputs.KEY` where NAME has several instances, or not the one that is named: how many there are is known here
// only. That there is such a process and such an output, and that it is needed, was looked at when the file was read.
import { type Findings, keyOf } from '../pipeline/finding.ts';
import { expressionsIn } from '../pipeline/formula.ts';
import type { Step } from '../pipeline/expression.ts';
import { spanInText } from '../pipeline/locate.ts';
import type { Document } from '../pipeline/document.ts';
import type { ProcessDeclaration } from '../pipeline/pipeline.ts';
import { referenceAt } from '../pipeline/reference.ts';
import type { Graph } from './graph.ts';
import type { Instances } from './instances.ts';
import { formulasOf } from './node.ts';
import type { Vertex } from './vertex.ts';

export function checkOutputReads(graph: Graph, instances: Instances, document: Document, findings: Findings): void {
  const setters = new Map<string, Vertex>();
  for (const vertex of graph.vertices) {
    const { thing } = vertex;
    if (thing.kind !== 'join' && thing.declaration.outputs.length > 0) setters.set(vertex.name.toLowerCase(), vertex);
  }
  if (setters.size === 0) return;
  for (const { thing } of graph.vertices) {
    if (thing.kind === 'join') continue;
    for (const { path, text, offset, step } of readsOf(thing.declaration)) {
      const { name, instance } = referenceAt([], step.name);
      const setter = setters.get(name.toLowerCase());
      const problem = setter && problemWith(setter, instance, instances);
      if (problem === undefined) continue;
      const span = spanInText(document, path, text, offset + step.offset, step.length);
      const related = [{ message: 'declared here', at: keyOf(setter?.thing.declaration.path ?? path) }];
      findings.error('unknown-name', span, problem.message, { hint: problem.hint, related });
    }
  }
}

/** Every step NAME, with the text it stands in. */
function* readsOf(process: ProcessDeclaration) {
  for (const formula of formulasOf(process)) {
    for (const { path, text, expression } of expressionsIn(formula)) {
      for (const { steps } of expression.uses) {
        const [context, step] = steps;
        if (context?.name.toLowerCase() === 'processes' && step !== undefined)
          yield { path, text, offset: expression.offset, step: step satisfies Step };
      }
    }
  }
}

function problemWith(
  setter: Vertex,
  instance: number | null,
  instances: Instances,
): { readonly message: string; readonly hint: string } | undefined {
  if (instances.isUnknown(setter)) return undefined;
  const ids = instances.idsOf(setter);
  const { name } = setter;
  if (instance === null) {
    if (ids.length <= 1) return undefined;
    const message = `\`${name}\` has ${ids.length} instances, each with outputs of its own`;
    return { message, hint: `name one: \`processes['${ids[0]}'].outputs\`` };
  }
  if (ids.includes(`${name}.${instance}`)) return undefined;
  const hint =
    ids.length === 1 && ids[0] === name
      ? `there is one \`${name}\` only, and it has no number`
      : `\`${name}\` has ${ids.length} ${ids.length === 1 ? 'instance' : 'instances'}`;
  return { message: `there is no \`${name}.${instance}\``, hint };
}
