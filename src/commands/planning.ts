// Source → Plan for the commands that need one: findings are shown on stderr (with --json: on stdout), and where one of
// them is an error there is no plan.
import { plan, type PlanOptions } from '../engine.ts';
import type { Source } from '../pipeline/source.ts';
import type { Plan } from '../plan/plan.ts';
import { formatDiagnostics } from '../report/diagnostics.ts';
import { hasColour } from '../report/screen.ts';
import { writeLine } from './output.ts';

export interface Telling {
  readonly format: 'text' | 'json';
  /** Also shows findings that hinder nothing. */
  readonly warnings: boolean;
  /** It is to be run at once. */
  readonly toRun?: boolean;
}

export async function planOrTell(source: Source, options: PlanOptions, telling: Telling): Promise<Plan | null> {
  const found = await plan(source, { ...options, toRun: telling.toRun ?? false });
  const shown = found.diagnostics.filter(({ severity }) => severity === 'error' || telling.warnings);
  if (shown.length > 0) {
    const stream = telling.format === 'json' ? process.stdout : process.stderr;
    const text = formatDiagnostics(shown, found.sources, telling.format, { colour: hasColour(stream) });
    writeLine(text, stream);
  }
  return found.plan;
}
