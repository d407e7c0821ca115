// Reads pages, and finds more of them in what it reads. Who makes a page's file first is the one to put it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { queue } from 'forkline';
import { linksOf } from './site.ts';

interface Read {
  readonly page: string;
  readonly links: readonly string[];
}

export async function start(folder: string): Promise<void> {
  while (!existsSync(`${folder}/address`)) await sleep(10);
  mkdirSync(`${folder}/found`);
  if (isNew(folder, '0')) await queue<string>('pages').put(`${readFileSync(`${folder}/address`, 'utf8')}/0`);
}

export async function crawl(folder: string): Promise<void> {
  const pages = queue<string>('pages');
  const read = queue<Read>('read');
  let count = 0;
  for await (const address of pages) {
    const html = await (await fetch(address)).text();
    const links = [...html.matchAll(/href="\/(\d+)"/g)].map(([, link]) => link as string);
    for (const link of links) if (isNew(folder, link)) await pages.put(new URL(link, address).href);
    await read.put({ page: new URL(address).pathname.slice(1), links });
    count++;
  }
  console.log(`read ${count} pages`);
}

/** Walks through the site without asking it. */
export async function check(pages: number): Promise<void> {
  const expected = new Map([[0, linksOf(0, pages)]]);
  for (const links of expected.values()) for (const link of links) expected.set(link, linksOf(link, pages));
  const seen = new Set<number>();
  let links = 0;
  for await (const { page, links: found } of queue<Read>('read')) {
    if (seen.has(Number(page))) throw new Error(`page ${page} was read twice`);
    if (found.map(Number).join() !== expected.get(Number(page))?.join()) throw new Error(`page ${page} is another`);
    seen.add(Number(page));
    links += found.length;
  }
  if (seen.size !== expected.size) throw new Error(`${seen.size} pages were read, and there are ${expected.size}`);
  console.log(`${seen.size} pages and ${links} links, as one process finds them`);
}

function isNew(folder: string, page: string): boolean {
  try {
    writeFileSync(`${folder}/found/${page}`, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
