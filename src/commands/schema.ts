// `forkline schema`: the JSON Schema of the language, as editors read it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { home } from '../home.ts';
import { Command } from './command.ts';
import { writeLine } from './output.ts';

export class Schema extends Command {
  static override summary = 'Print the JSON Schema of the pipeline language.';
  static override examples = ['forkline schema > pipeline.schema.json'];

  override async run(): Promise<number> {
    await this.parse(Schema);
    writeLine(readFileSync(join(home.root, 'schemas', 'pipeline.schema.json'), 'utf8'));
    return 0;
  }
}
