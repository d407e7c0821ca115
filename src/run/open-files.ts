// Who has which files open, as Linux's /proc shows it. All are looked through once, and only where somebody asks.
import { linkOf, numbersIn, pids } from '../procfs.ts';

export class OpenFiles {
  #openers: Map<string, number[]> | null = null;

  /** Of a file as `linkOf` calls it. */
  openersOf(file: string): readonly number[] {
    this.#openers ??= this.#find();
    return this.#openers.get(file) ?? [];
  }

  #find(): Map<string, number[]> {
    const openers = new Map<string, number[]>();
    for (const pid of pids()) {
      for (const descriptor of numbersIn(`/proc/${pid}/fd`)) {
        const file = linkOf(`/proc/${pid}/fd/${descriptor}`);
        const known = openers.get(file);
        if (known === undefined) openers.set(file, [pid]);
        else known.push(pid);
      }
    }
    return openers;
  }
}
