// `processes.NAME.outputs.KEY`: whether there is such a process and such an output, and whether the reader needs it.
import { type Misuse, nameSet, type OutputCheck } from './known.ts';
import type { NeedDeclaration } from './pipeline.ts';
import { needsAt, referenceAt } from './reference.ts';
import type { PipelineFile } from './schema.gen.ts';
import type { WrittenProcess } from './written-process.ts';

export function outputChecks(file: PipelineFile): (name: string, reader: WrittenProcess) => OutputCheck {
  const processes = nameSet(Object.keys(file.processes ?? {}));
  return (readerName, reader) => {
    // Few processes read outputs.
    const needsOf = (name: string, instance: number | null): readonly NeedDeclaration[] =>
      needsAt([], reader.needs).filter(
        ({ reference }) =>
          reference.name.toLowerCase() === name &&
          (reference.instance === null || instance === null || reference.instance === instance),
      );
    return (reference, output): Misuse | null => {
      const { name, instance } = referenceAt([], reference);
      const folded = name.toLowerCase();
      const process = processes.get(folded);
      if (process === undefined) {
        const message = `there is no process \`${name}\``;
        return { code: 'unknown-name', message, step: 1, among: processes, missing: { kind: 'process' } };
      }
      const written: WrittenProcess = file.processes?.[process] ?? {};
      if (written.uses !== undefined) {
        const message = `\`${process}\` is a sub-pipeline, which has no outputs`;
        return {
          code: 'unknown-name',
          message,
          step: 1,
          hint: 'let what is in it put it to a queue that is connected',
        };
      }
      const declared = nameSet([written.outputs ?? []].flat());
      if (output !== undefined && !declared.has(output.toLowerCase())) {
        const message = `\`${process}\` has no output \`${output}\``;
        const missing = { kind: 'output', of: process } as const;
        return {
          code: 'unknown-name',
          message,
          step: 3,
          hint: `declare it in its \`outputs\``,
          among: declared,
          missing,
        };
      }
      const needed = instance === null ? process : `${process}.${instance}`;
      const needs = needsOf(folded, instance);
      // Once it is ready it may have said what those who wait for that must know.
      if (needs.some(({ condition }) => condition !== 'started')) return null;
      const how = needs.length === 0 ? 'which it does not need' : 'of which it only needs that it has `started`';
      const message = `\`${readerName}\` reads an output of \`${needed}\`, ${how}`;
      const hint =
        needs.length === 0
          ? `add \`${needed}\` to its \`needs\`; what is needed in a roundabout way does not do`
          : 'nothing need have been set by then: need it `succeeded`, or `completed`';
      return { code: 'missing-needs', message, step: 1, hint };
    };
  };
}
