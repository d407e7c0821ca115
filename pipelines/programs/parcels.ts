import { queue } from 'forkline';

export async function open(): Promise<void> {
  for await (const parcel of queue<string>('parcels')) {
    if (parcel === 'bomb') process.kill(process.pid, 'SIGKILL');
    console.log(`opened ${parcel}`);
  }
}
