// A visitor sits down, reads or writes the page, and signs the book; each time noting in a journal when it came in and when it
// goes out. reading_room.py does the same, and checks the journal.
import { appendFileSync } from 'node:fs';
import { setImmediate as pause } from 'node:timers/promises';
import { current, lock } from 'forkline';

export async function visit(journal: string, rounds: number): Promise<void> {
  const note = (where: string, what: 'in' | 'out', fence: number) =>
    appendFileSync(journal, `${JSON.stringify({ who: current().name, where, what, fence })}\n`);

  for (let round = 0; round < rounds; round += 1) {
    await lock('seats').with(async (seat) => {
      note('seats', 'in', seat.fence);
      const mode = round % 4 === 0 ? 'write' : 'read';
      await using page = await lock('page').acquire({ mode });
      note(mode, 'in', page.fence);
      await pause();
      note(mode, 'out', page.fence);
      note('seats', 'out', seat.fence);
    });
    await lock('book').with(async (book) => {
      note('book', 'in', book.fence);
      await lock('book').with(async (again) => note('book', 'out', again.fence));
    });
  }
}

/** Nobody owns the light: it stays on. */
export async function turnOn(): Promise<void> {
  await lock('light').acquire();
}
