import { queue } from 'forkline';

/** Pictures of every byte there is, each a step further. */
export async function paint(count: number): Promise<void> {
  const pictures = queue<Uint8Array>('pictures');
  for (let step = 0; step < count; step += 1) {
    await pictures.put(Uint8Array.from({ length: 256 }, (_, index) => (index + step) % 256));
  }
}
