// Sends numbers without end and receives those of the other, until that is no more.
import { renameSync, writeFileSync } from 'node:fs';
import { type Pipe, current, pipe } from 'forkline';

interface Message {
  readonly number: number;
  readonly padding: string;
}

export async function talk(): Promise<void> {
  const line = pipe<Message>('line');
  const [sent, received] = await Promise.all([send(line), receive(line)]);
  console.log(`sent ${sent} received ${received}`);
}

async function send(line: Pipe<Message>): Promise<string> {
  const file = `${process.env['FORKLINE_RUN_DIR']}/${current().name}.pid`;
  for (let number = 0; ; number += 1) {
    if (number === 10) {
      writeFileSync(`${file}~`, String(process.pid));
      renameSync(`${file}~`, file);
    }
    try {
      await line.send({ number, padding: 'x'.repeat((number * 7919) % 100_000) });
    } catch (error) {
      return `${number}, then ${(error as Error).name}`;
    }
  }
}

async function receive(line: Pipe<Message>): Promise<string> {
  for (let expected = 0; ; expected += 1) {
    try {
      const { number, padding } = await line.recv();
      if (number !== expected || padding.length !== (number * 7919) % 100_000) return `${number} for ${expected}`;
    } catch (error) {
      return `${expected}, then ${(error as Error).name}`;
    }
  }
}
