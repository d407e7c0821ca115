// A site of pages that link to each other: at random, and the same whenever it is served. Some pages nobody links to.
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export function linksOf(page: number, pages: number): number[] {
  let state = page * 2_654_435_761 + 12_345;
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
    return state % pages;
  };
  return Array.from({ length: 3 }, next);
}

/** Writes its address into a file once it can be called. */
export function serve(pages: number, file: string): void {
  const server = createServer((request, response) => {
    const page = Number(request.url?.slice(1));
    if (!Number.isInteger(page) || page < 0 || page >= pages) return void response.writeHead(404).end();
    const links = linksOf(page, pages).map((link) => `<a href="/${link}">${link}</a>`);
    response.end(`<h1>Page ${page}</h1>${links.join(' ')}`);
  });
  server.listen(0, '127.0.0.1', () => {
    writeFileSync(`${file}.new`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    renameSync(`${file}.new`, file);
  });
}
