// Flags and arguments that several commands share, and what is made of their text.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { CallError } from './call-error.ts';

export const file = Args.string({
  description: 'the pipeline; `-` is standard input. Default: pipeline.yaml or forkline.yaml here',
  ignoreStdin: true,
});

export const param = Flags.string({
  description: 'sets a parameter of the pipeline; may be given several times',
  helpValue: 'NAME=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

export function paramsOf(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const end = text.indexOf('=');
      if (end < 1) throw new CallError(`\`--param ${text}\` sets nothing: expected \`NAME=VALUE\``);
      return [text.slice(0, end), text.slice(end + 1)];
    }),
  );
}
