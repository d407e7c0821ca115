// What is wrong with the files that queues are filled from and written to, before anything starts: one that is not there, one that
// cannot be written, and two that would be in each other's way.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Path } from '../pipeline/document.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import { compileSchema } from '../pipeline/json-schema.ts';
import type { Pipeline, QueueDeclaration } from '../pipeline/pipeline.ts';

export async function checkQueueFiles({ queues, document }: Pipeline): Promise<readonly Diagnostic[]> {
  const findings = new Findings(document);
  for (const { from, to } of queues) {
    if (from !== null && 'file' in from) complain(from, 'filled from', await problemOf(from.file), findings);
    if (to !== null) complain(to, 'written to', await problemOfTarget(to.file), findings);
  }
  complainOfConflicts(queues, findings);
  for (const queue of queues) await complainOfMisfits(queue, findings);
  for (const queue of queues) complainOfEncoding(queue, findings);
  return findings.diagnostics;
}

function complain(
  { file, path }: { readonly file: string; readonly path: Path },
  used: string,
  problem: Problem | null,
  findings: Findings,
): void {
  if (problem === null) return;
  findings.error('missing-file', path, `\`${file}\`, which the queue is ${used}, ${problem.is}`, {
    hint: problem.hint,
  });
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

interface Problem {
  readonly is: string;
  readonly hint: string;
}

async function problemOf(file: string): Promise<Problem | null> {
  const found = await kindOf(file);
  if (found === 'file') return null;
  if (found === 'folder' || found === 'other')
    return {
      is: 'is not a regular file',
      hint:
        found === 'folder'
          ? 'for the files in it say `{ glob: "…/*" }`'
          : 'let a process read it: `stdout: { queue: … }`',
    };
  return {
    is: found === 'nothing' ? 'is not there' : `cannot be looked at (${found})`,
    hint: "it is looked for from the folder of the pipeline's file, and must be there before the run starts",
  };
}

async function problemOfTarget(file: string): Promise<Problem | null> {
  const folder = dirname(file);
  const where = await kindOf(folder);
  if (where === 'nothing' || where === 'file' || where === 'other')
    return {
      is: `has no folder: \`${folder}\` ${where === 'nothing' ? 'is not there' : 'is none'}`,
      hint: 'make it before the run, which begins the file when it starts',
    };
  const found = await kindOf(file);
  if (found === 'folder') return { is: 'is a folder', hint: 'name a file in it' };
  if (found !== 'other') return null;
  return {
    is: 'is not a regular file',
    hint: 'let a process write it: `stdin: { queue: … }`, `stdout: { file: … }`',
  };
}

/** Links are followed. Whatever else is in the way has the code of its error. */
async function kindOf(path: string): Promise<string> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'nothing' : (code ?? String(error));
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
