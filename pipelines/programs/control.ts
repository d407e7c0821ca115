import { processOf } from 'forkline';

export async function judge(): Promise<void> {
  const pids = await Promise.all([1, 2, 3].map((number) => processOf(`runner.${number}`).pid));
  console.log(new Set(pids).size === 3 ? 'all three have run' : `pids: ${pids.join()}`);
  const winner = processOf('runner.2');
  await winner.join();
  console.log(`${winner.name} wins: ${await winner.exitcode}`);
  for (const loser of ['runner.1', 'runner.3'].map(processOf)) {
    await loser.terminate();
    await loser.join('30s');
    console.log(`${loser.name} ended with ${await loser.exitcode}, alive: ${await loser.isAlive()}`);
  }
}
