import { output } from 'forkline';

export async function measure(): Promise<void> {
  await output('files', 2);
  await output('files', 3);
  await output('sizes', [12, 7, 30]);
}

export function report(files: number, sizes: readonly number[], word: string): void {
  const total = sizes.reduce((sum, size) => sum + size);
  console.log(`${files + 1} minus one files, ${total} bytes, the second is ${word}`);
}
