// Cooks so many portions of one dish.
import { queue } from 'forkline';

export async function cook(dish: string, portions: number): Promise<void> {
  const dishes = queue<string>('dishes');
  for (let number = 1; number <= portions; number++) {
    await dishes.put(`${dish} ${number}`);
    console.log(`cooked ${dish} ${number}`);
  }
}
