// Why something could not be reached, in a word.

export function whyNot(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // All addresses of a host were tried, and each failed.
  const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
  if (error.name === 'AbortError') return 'no answer';
  return code ?? first?.code ?? error.message;
}
