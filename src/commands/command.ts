// What every command of ours is: an oclif command that answers with an exit code. oclif reads its words and flags; its own way
// in, which looks for plugins and reads package.json, would cost as much as a short run.
import { Command as OclifCommand } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import { type Input, type ParserOutput, parse } from '@oclif/core/parser';
import { home } from '../home.ts';

export abstract class Command extends OclifCommand {
  constructor(words: string[]) {
    super(words, new Config({ root: home.root }));
  }

  abstract override run(): Promise<number>;

  protected override parse<F extends Values, B extends Values, A extends Values>(
    declared: Input<F, B, A>,
  ): Promise<ParserOutput<F, B, A>> {
    return parse(this.argv, { context: this, ...declared });
  }
}

type Values = Record<string, unknown>;
