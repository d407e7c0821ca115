import { Full, queue } from 'forkline';

export async function read(): Promise<void> {
  for await (const letter of queue<string>('letters')) console.log(`read ${letter}`);
}

export async function sit(): Promise<void> {
  const tables = queue<string>('tables');
  for (const guest of ['Ada', 'Ben', 'Cem']) {
    try {
      // However long it would wait: here nothing does.
      await tables.put(guest, { timeout: '1h' });
      console.log(`${guest} has a table`);
    } catch (error) {
      if (!(error instanceof Full)) throw error;
      console.log(`no table for ${guest}`);
    }
  }
}
