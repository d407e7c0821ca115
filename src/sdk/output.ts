// `output(name, value)`: what this process tells those who need it. It is set once the run knows of it, which is what the promise
// waits for; the last value of a name counts.
import { Limit, Type } from '../wire/message.ts';
import { type Failure, NotGranted, OutputTooLarge } from './errors.ts';
import { jsonOf } from './json.ts';
import type { Session } from './session.ts';

export async function setOutput(session: Session, name: string, value: unknown): Promise<void> {
  const text = jsonOf(value, 'the output');
  const size = Buffer.byteLength(text) + Buffer.byteLength(JSON.stringify(name)) + FRAMING;
  if (size > Limit.OUTPUT) {
    throw new OutputTooLarge(
      `the output \`${name}\` is larger than 1 MiB as JSON: write it to a file, and make its path the output`,
    );
  }
  // As it is now: it may change before it is sent.
  const body = { name, value: JSON.parse(text) as unknown };
  await session.ask(
    (request) => session.writer.ask(Type.OUTPUT, request, body),
    () => refusalOf(session, name),
    session.errands,
  );
}

function refusalOf({ instance, welcome }: Session, name: string): Failure | null {
  const outputs = welcome?.outputs ?? [];
  if (outputs.includes(name)) return null;
  const known = outputs.length === 0 ? 'none' : outputs.map((each) => `\`${each}\``).join(', ');
  return () =>
    new NotGranted(
      `the pipeline does not let \`${instance}\` set the output \`${name}\`: its \`outputs\` are ${known}`,
    );
}

/** `{"name":,"value":}` */
const FRAMING = 18;
