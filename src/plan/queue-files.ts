// What is wrong with the files that queues are filled from and written to, before anything starts: one that is not there, and
// two that would be in each other's way.
import { stat } from 'node:fs/promises';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Path } from '../pipeline/document.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import { compileSchema } from '../pipeline/json-schema.ts';
import type { Pipeline, QueueDeclaration } from '../pipeline/pipeline.ts';

export async function checkQueueFiles({ queues, document }: Pipeline): Promise<readonly Diagnostic[]> {
  const findings = new Findings(document);
  for (const { from } of queues) {
    if (from === null || from.type === 'values' || from.type === 'glob') continue;
    const problem = await problemOf(from.file);
    if (problem === null) continue;
    findings.error('missing-file', from.path, `\`${from.file}\`, which the queue is filled from, ${problem}`, {
      hint: "it is looked for from the folder of the pipeline's file, and must be there before the run starts",
    });
  }
  complainOfConflicts(queues, findings);
  for (const queue of queues) await complainOfMisfits(queue, findings);
  for (const queue of queues) complainOfEncoding(queue, findings);
  return findings.diagnostics;
}

/** What only Python reads, and bytes where JSON is to be written. */
function complainOfEncoding({ name, path, encoding, from, to }: QueueDeclaration, findings: Findings): void {
  const related = [{ message: 'its encoding', at: keyOf([...path, 'encoding']) }];
  for (const [key, file] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (file === null || encoding !== 'pickle') continue;
    const message = `queue \`${name}\` carries what Python pickles, which \`${key}\` cannot`;
    const hint = 'say `encoding: json`, `text` or `bytes` there';
    findings.error('wrong-encoding', keyOf([...path, key]), message, { hint, related });
  }
  if (to?.type !== 'json' || encoding !== 'bytes') return;
  findings.error('wrong-encoding', keyOf(to.path), `queue \`${name}\` carries bytes, which are no JSON`, {
    hint: 'write them to `lines`: each item is then a line of bytes',
    related,
  });
}

/** Values that are written down and would be refused. */
async function complainOfMisfits({ name, path, item, from }: QueueDeclaration, findings: Findings): Promise<void> {
  if (item === null || from?.type !== 'values') return;
  const validate = await compileSchema(item);
  for (const [at, value] of from.values.entries()) {
    const misfit = validate(value);
    if (misfit === null) continue;
    const what = misfit.path === '' ? 'it' : `\`${misfit.path}\``;
    const message = `value ${at + 1} for queue \`${name}\` does not fit its \`item\`: ${what} ${misfit.reason}`;
    findings.error('bad-item', [...from.path, at], message, {
      hint: 'mend the value, or the schema',
      related: [{ message: 'the schema', at: keyOf([...path, 'item']) }],
    });
  }
}

async function problemOf(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? null : 'is not a regular file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be looked at (${code ?? String(error)})`;
  }
}

/** A file is written by one queue, and read by none; that goes for what it is called while it is being written, too. */
function complainOfConflicts(queues: Pipeline['queues'], findings: Findings): void {
  const uses = new Map<string, { readonly path: Path; readonly what: string }>();
  for (const { from, name } of queues) {
    if (from === null || from.type === 'values' || from.type === 'glob') continue;
    if (!uses.has(from.file)) uses.set(from.file, { path: from.path, what: `queue \`${name}\` is filled from it` });
  }
  for (const { to, name } of queues) {
    if (to === null) continue;
    const own = [to.file, `${to.file}.partial`];
    const other = own.flatMap((file) => uses.get(file) ?? [])[0];
    if (other !== undefined) {
      findings.error('file-conflict', to.path, `queue \`${name}\` cannot be written to \`${to.file}\`: ${other.what}`, {
        hint: 'name another file; while it is written, it is called `NAME.partial`',
        related: [{ message: 'that is said here', at: other.path }],
      });
      continue;
    }
    for (const file of own) uses.set(file, { path: to.path, what: `queue \`${name}\` is written to it` });
  }
}
