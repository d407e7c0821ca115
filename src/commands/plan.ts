// `forkline plan`: what would happen, without doing it.
import * as Flags from '@oclif/core/flags';
import { draw, drawings } from '../plan/draw.ts';
import { masked } from '../engine.ts';
import { Command } from './command.ts';
import { file, param, paramsOf } from './flags.ts';
import { writeLine } from './output.ts';
import { loadPipeline } from './pipeline-file.ts';
import { planOrTell } from './planning.ts';

export class Plan extends Command {
  static override summary = 'Show what a pipeline would do.';
  static override examples = ['forkline plan pipeline.yaml', 'forkline plan pipeline.yaml --format mermaid > plan.mmd'];
  static override args = { file };
  static override flags = {
    format: Flags.option({ options: drawings, description: 'how to show it' })({ default: 'tree' }),
    param,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Plan);
    const source = await loadPipeline(args.file);
    const options = { params: paramsOf(flags.param) };
    const plan = await planOrTell(source, options, { format: 'text', warnings: true });
    if (plan === null) return 2;
    writeLine(await masked(plan, draw(plan, flags.format)));
    return 0;
  }
}
