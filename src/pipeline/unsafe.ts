// Expressions in a script: text that is put into a shell script is how scripts get injected, so there are none in `run`.
import { hasExpression, parseExpression, parseTemplate } from './expression.ts';
import { spanInText } from './locate.ts';
import type { Path } from './places.ts';
import type { Reading } from './reading.ts';
import type { Daemon, PipelineFile, Process } from './schema.gen.ts';
import { secretIn, secretInArgv } from './secret-use.ts';

export function complainOfUnsafe(file: PipelineFile, reading: Reading): void {
  const { document, findings } = reading;
  const secrets = [file.secrets ?? []].flat();
  for (const kind of ['processes', 'daemons'] as const) {
    for (const [path, script] of Object.entries(file[kind] ?? {}).flatMap(scriptsOf)) {
      for (const { offset, length, source } of expressionsInScript(script)) {
        const expression = parseExpression(source);
        reading.noteUses(expression);
        const variable = variableFor(source);
        const span = spanInText(document, [kind, ...path], script, offset, length);
        const secret = 'message' in expression ? null : secretIn(expression, secrets);
        if (secret !== null) {
          findings.error('secret-in-argv', span, secretInArgv(secret), {
            hint: `it is in the environment of the script: write \`"$${secret}"\``,
          });
          continue;
        }
        findings.error(
          'unsafe-interpolation',
          span,
          'an expression cannot stand in a script, where it could become code',
          {
            hint: `pass it by \`env: { ${variable}: "\${{ ${source} }}" }\`, and write \`"$${variable}"\` in the script`,
          },
        );
      }
    }
  }
}

/** What of a process the shell reads, with the path to it. */
function scriptsOf([name, process]: [string, Process | Daemon]): [Path, string][] {
  const { run } = process;
  const ready = 'ready' in process ? process.ready : undefined;
  const exec = ready !== undefined && 'exec' in ready ? ready.exec : undefined;
  return [
    ...(run === undefined ? [] : [[[name, 'run'], run] as [Path, string]]),
    ...(typeof exec === 'string' ? [[[name, 'ready', 'exec'], exec] as [Path, string]] : []),
  ];
}

/** With their braces. One that cannot be parsed is as unsafe. */
function expressionsInScript(script: string): readonly { offset: number; length: number; source: string }[] {
  if (!hasExpression(script)) return [];
  const template = parseTemplate(script);
  if ('message' in template) return [{ offset: script.indexOf('${{'), length: 3, source: '…' }];
  return template
    .filter((part) => typeof part !== 'string')
    .map(({ offset, length, source }) => ({ offset: offset - 3, length: length + 5, source }));
}

/** `params.out_dir` → `OUT_DIR`. */
function variableFor(source: string): string {
  const last = /([A-Za-z_][A-Za-z0-9_]*)\W*$/.exec(source)?.[1];
  return last === undefined ? 'VALUE' : last.toUpperCase();
}
