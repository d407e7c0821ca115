import { ItemRefused, queue } from 'forkline';

export async function order(orders: readonly unknown[]): Promise<void> {
  for (const one of orders) {
    try {
      await queue('orders').put(one);
      console.log('ordered');
    } catch (error) {
      if (!(error instanceof ItemRefused)) throw error;
      console.log(`refused: ${error.path || 'it'} ${error.reason}`);
    }
  }
}
