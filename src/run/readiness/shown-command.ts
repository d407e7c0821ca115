// A command in words, short enough for a sentence.

/** Of a shell, what it is told to do. */
export function shownCommand(argv: readonly string[]): string {
  const [shell, , option, script] = argv;
  const text = shell === 'sh' && option === '-c' && script !== undefined ? script : argv.join(' ');
  const line = text.trim().replace(/\s*\n\s*/g, '; ');
  return `\`${line.length > 60 ? `${line.slice(0, 59)}…` : line}\``;
}
