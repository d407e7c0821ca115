// Texts as drawings have them: short, on one line, without control characters.
export function oneLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  const shown = line.replace(/\p{Cc}/gu, ' ').trim();
  const more = shown.length > 60 || line.length < text.trim().length;
  return more ? `${shown.slice(0, 59)}…` : shown;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  if (ms < 120_000) return `${ms / 1000}s`;
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`;
}
