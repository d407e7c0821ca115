// The proof of which instance a process is: made with a key that only the runner and its broker have.
import { createHmac } from 'node:crypto';

/** `key` is hex. */
export function tokenFor(key: string, instance: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(instance).digest('hex');
}
