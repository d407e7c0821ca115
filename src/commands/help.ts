// A command's own description → its help: what it does, examples first, then words and flags. Laid out for 80 columns,
// whatever the screen: the build writes it down once, so that asking for help costs next to nothing.
import type { Command } from '@oclif/core/command';

const columns = 80;

type Summaries = Readonly<Record<string, { readonly summary: string }>>;

export function overview(commands: Readonly<Record<string, Command.Class>>, verbs: Summaries): string {
  return sections([
    'Runs processes that a YAML file declares, and wires them to queues, pipes and locks.',
    section('Examples', ['$ forkline check pipeline.yaml', '$ forkline run pipeline.yaml']),
    section('Commands', rows(Object.entries(commands).map(([name, { summary = '' }]) => [name, summary]))),
    section(
      'For shell scripts inside a run',
      rows(Object.entries(verbs).map(([name, { summary }]) => [name, summary.replace(/; for scripts.*$/, '.')])),
    ),
    section(
      'Flags',
      rows([
        ['-h, --help', 'help, also for a command: `forkline run --help`'],
        ['--version', 'the version'],
      ]),
    ),
  ]);
}

export function commandHelp(name: string, command: Command.Class): string {
  const examples = (command.examples ?? []).filter((example) => typeof example === 'string');
  const args = Object.entries(command.args).map(([word, arg]): Row => [word.toUpperCase(), arg.description ?? '']);
  const flags = Object.entries(command.flags ?? {}).map(([word, flag]): Row => [flagUsage(word, flag), flagText(flag)]);
  const usage = [`$ forkline ${name}`, ...Object.keys(command.args).map((word) => `[${word.toUpperCase()}]`)];
  return sections([
    command.summary ?? '',
    section(
      'Examples',
      examples.map((example) => `$ ${example}`),
    ),
    section('Usage', [[...usage, '[FLAGS]'].join(' ')]),
    section('Arguments', rows(args)),
    section('Flags', rows([...flags, ['-h, --help', 'this help']])),
    command.description ?? '',
  ]);
}

type Row = readonly [left: string, right: string];
type Flag = Command.Flag.Any;

function flagUsage(name: string, flag: Flag): string {
  const short = flag.char === undefined ? '' : `-${flag.char}, `;
  if (flag.type === 'boolean') return `${short}--${name}`;
  return `${short}--${name} ${String(flag.helpValue ?? (flag.options ? flag.options.join('|') : 'VALUE'))}`;
}

function flagText(flag: Flag): string {
  const fallback = flag.type === 'option' && typeof flag.default === 'string' ? ` (default: ${flag.default})` : '';
  return `${flag.description ?? ''}${fallback}`;
}

function sections(texts: readonly string[]): string {
  return `${texts.filter((text) => text !== '').join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Two columns; what does not fit beside the first goes below it. */
function rows(table: readonly Row[]): string[] {
  const width = Math.min(28, Math.max(0, ...table.map(([left]) => left.length)));
  return table.flatMap(([left, right]) => {
    const lines = wrapped(right, columns - width - 4);
    if (left.length > width) return [left, ...lines.map((line) => `${' '.repeat(width)}  ${line}`)];
    return lines.map((line, index) => `${(index === 0 ? left : '').padEnd(width)}  ${line}`);
  });
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
