// Which file a `uses` means: one inside the project that is there, and that does not lead back to where it is used.
import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Path } from '../pipeline/document.ts';
import { type Findings, keyOf } from '../pipeline/finding.ts';
import type { UsesDeclaration } from '../pipeline/pipeline.ts';
import { readSchemaFile } from '../pipeline/schema-file.ts';
import type { Site, Step } from './part.ts';

/** The file that is meant, where it may be read and is there. */
export async function findUsed(
  root: string,
  { file: written, path }: UsesDeclaration,
  { folder, way }: Site,
  findings: Findings,
): Promise<{ readonly file: string; readonly realPath: string; readonly text: Buffer } | null> {
  if (written.includes('${{')) return null;
  if (isAbsolute(written) || written.includes('\0')) {
    findings.error('bad-uses', path, '`uses` names a file by its way from this one', {
      hint: `write it like \`./${basename(written)}\``,
    });
    return null;
  }
  const file = resolve(folder, written);
  const outside = `\`${written}\` is outside of the project`;
  const hint = `what is used stays inside \`${root}\`, the folder of the pipeline that is run; links are followed`;
  if (isOutside(relative(root, file))) {
    findings.error('bad-uses', path, outside, { hint });
    return null;
  }
  const found = await readSchemaFile(file);
  if ('missing' in found) {
    findings.error('missing-file', path, `\`${written}\` ${found.missing}`, {
      hint: 'a file that is used is looked for from the folder of the file that uses it',
    });
    return null;
  }
  if (isOutside(relative(await realpath(root), found.path))) {
    findings.error('bad-uses', path, outside, { hint });
    return null;
  }
  const from = way.findIndex(({ realPath }) => realPath === found.path);
  if (from === -1) return { file, realPath: found.path, text: found.text };
  complainOfCycle(way.slice(from), path, findings);
  return null;
}

/** The last of them uses the first one again. */
function complainOfCycle(cycle: readonly Step[], path: Path, findings: Findings): void {
  const names = [...cycle, cycle[0] as Step].map(({ document }) => `\`${document.source.file}\``);
  findings.error('dependency-cycle', path, `these files use each other without end: ${names.join(' uses ')}`, {
    hint: 'take one of these out',
    related: cycle.slice(0, -1).map(({ document, uses }, at) => ({
      message: `\`${document.source.file}\` uses \`${cycle[at + 1]?.document.source.file ?? ''}\``,
      at: uses ?? keyOf([]),
      in: document,
    })),
  });
}

/** As the user would name it, who has named the outermost one. */
export function shownName(file: string, { file: written }: UsesDeclaration, { document }: Site): string {
  const from = document.source.file;
  const shown = from === '-' ? join('.', written) : join(dirname(from), written);
  return resolve(shown) === file ? shown : file;
}

function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
