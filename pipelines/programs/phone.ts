// The one end of a pipe asks, and hangs up. The end of another one counts what comes.
import { pipe } from 'forkline';

export async function call(): Promise<void> {
  await using line = pipe<string>('line');
  for (const question of ['hello', '', 'x'.repeat(16 * 1024 * 1024)]) {
    await line.send(question);
    const answer = await line.recv();
    console.log(`${question.length} characters, and ${answer === question.toUpperCase() ? 'well' : 'badly'} answered`);
  }
}

export async function count(): Promise<void> {
  let questions = 0;
  let characters = 0;
  for await (const length of pipe<number>('tally')) {
    questions += 1;
    characters += length;
  }
  console.log(`${questions} questions of ${characters} characters`);
}
