// The command was called wrongly, or with what does not exist: the caller's mistake, told in a line, with a hint. Exit code 2.

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
