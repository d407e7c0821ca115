// `ready()`: this process says itself when those who need it may start.
import { Type } from '../wire/message.ts';
import type { Session } from './session.ts';

/** Resolves once the run has heard it. Where nobody waits for it, it changes nothing. */
export async function sayReady(session: Session): Promise<void> {
  await session.ask((request) => session.writer.number(Type.READY, 0, request));
}
