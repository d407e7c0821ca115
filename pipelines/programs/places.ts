import { queue } from 'forkline';

export async function treat(): Promise<void> {
  const room = queue<string>('waiting-room');
  for await (const name of room) {
    console.log(`treated ${name}`);
    // While it treats somebody the doctor hears of an emergency.
    if (name === 'Ben') await room.put('Eva', { priority: -1 });
  }
}

export async function couple(): Promise<void> {
  const train = queue<string>('train');
  await train.putMany(['coal', 'wood']);
  await train.put('engine', { side: 'left' });
  await train.put('caboose', { side: 'right' });
}
