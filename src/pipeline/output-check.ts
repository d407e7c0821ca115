// `processes.NAME.outputs.KEY`: whether there is such a process and such an output, and whether the reader needs it.
import { type Misuse, nameSet, type OutputCheck } from './known.ts';
import type { WrittenProcess } from './read-process.ts';
import { needsAt, referenceAt } from './reference.ts';
import type { PipelineFile } from './schema.gen.ts';

export function outputChecks(file: PipelineFile): (name: string, reader: WrittenProcess) => OutputCheck {
  const processes = nameSet(Object.keys(file.processes ?? {}));
  return (readerName, reader) => {
    // Few processes read outputs.
    const isNeeded = (name: string): boolean =>
      needsAt([], reader.needs).some(({ reference }) => reference.name.toLowerCase() === name);
    return (reference, output): Misuse | null => {
      const { name } = referenceAt([], reference);
      const folded = name.toLowerCase();
      const process = processes.get(folded);
      if (process === undefined) {
        return { code: 'unknown-name', message: `there is no process \`${name}\``, step: 1, among: processes };
      }
      const written: WrittenProcess = file.processes?.[process] ?? {};
      const declared = nameSet([written.outputs ?? []].flat());
      if (output !== undefined && !declared.has(output.toLowerCase())) {
        const message = `\`${process}\` has no output \`${output}\``;
        return { code: 'unknown-name', message, step: 3, hint: `declare it in its \`outputs\``, among: declared };
      }
      if (isNeeded(folded)) return null;
      const message = `\`${readerName}\` reads an output of \`${process}\`, which it does not need`;
      return { code: 'missing-needs', message, step: 1, hint: `add \`${process}\` to its \`needs\`` };
    };
  };
}
