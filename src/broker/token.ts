// The proof of which instance a process is: made with a key that only the runner and its broker have.
import { createHmac } from 'node:crypto';

/** `key` is hex. Each attempt of an instance has a token of its own, so that nobody who is left of one can speak for the next. */
export function tokenFor(key: string, instance: string, attempt = 1): string {
  const whom = attempt === 1 ? instance : `${instance} ${attempt}`;
  return createHmac('sha256', Buffer.from(key, 'hex')).update(whom).digest('hex');
}
