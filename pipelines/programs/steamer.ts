// 食客: eats until nothing more comes.
import { queue } from 'forkline';

export async function eat(): Promise<void> {
  for await (const dish of queue<string>('蒸笼')) console.log(`吃了${dish}`);
  console.log('吃饱了');
}
