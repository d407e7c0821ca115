// `forkline check`: all findings about pipelines, and nothing else.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { check } from '../engine.ts';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Source } from '../pipeline/source.ts';
import { type DiagnosticFormat, diagnosticFormats, formatDiagnostics } from '../report/diagnostics.ts';
import { hasColour } from '../report/screen.ts';
import { Command } from './command.ts';
import { param, paramsOf } from './flags.ts';
import { writeLine } from './output.ts';
import { loadPipeline } from './pipeline-file.ts';

export class Check extends Command {
  static override summary = 'Find what is wrong in pipelines, without running them.';
  static override examples = ['forkline check pipeline.yaml', 'forkline check pipelines/*.yaml --format github'];
  static override args = {
    files: Args.string({
      description: 'the pipelines; `-` is standard input. Default: pipeline.yaml or forkline.yaml here',
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    format: Flags.option({ options: diagnosticFormats, description: 'how to show the findings' })({ default: 'text' }),
    param,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Check);
    const format: DiagnosticFormat = flags.format;
    const names: (string | undefined)[] = args.files ?? [];
    const sources = await Promise.all((names.length > 0 ? names : [undefined]).map((name) => loadPipeline(name)));
    const found = await Promise.all(sources.map((source) => check(source, { params: paramsOf(flags.param) })));
    const { diagnostics, files } = together(found);
    writeLine(formatDiagnostics(diagnostics, files, format, { colour: hasColour(process.stdout) }));
    return diagnostics.some(({ severity }) => severity === 'error') ? 2 : 0;
  }
}

/** A file may be named and be used by another one that is: what is found in it is said once. */
function together(
  found: readonly { readonly diagnostics: readonly Diagnostic[]; readonly sources: readonly Source[] }[],
) {
  const files = new Map(found.flatMap(({ sources }) => sources.map((source) => [source.file, source] as const)));
  const diagnostics = new Map<string, Diagnostic>();
  for (const each of found.flatMap((one) => one.diagnostics)) {
    const { file, code, span } = each;
    const key = JSON.stringify([file, code, span.start, span.end, each.message]);
    if (!diagnostics.has(key)) diagnostics.set(key, each);
  }
  return { diagnostics: [...diagnostics.values()], files: [...files.values()] };
}
