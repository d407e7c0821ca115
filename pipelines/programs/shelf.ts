// Puts five jars on the shelf, and stays until somebody has used them.
import { queue } from 'forkline';

export async function fill(): Promise<void> {
  const shelf = queue<string>('shelf');
  for (let number = 1; number <= 5; number++) await shelf.put(`jar ${number}`);
  await shelf.join();
  console.log('all five are used');
}
