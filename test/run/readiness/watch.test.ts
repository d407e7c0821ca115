// Probes as they are tried: against servers, files and commands of these tests' own.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ProbeRule } from '../../../src/plan/plan.ts';
import { DirectLauncher } from '../../../src/run/direct-launcher.ts';
import { LineSearch } from '../../../src/run/readiness/line-search.ts';
import { openWatch, type Watch } from '../../../src/run/readiness/watch.ts';

const launcher = new DirectLauncher('none', mkdtempSync(join(tmpdir(), 'forkline-test-')));
afterAll(() => launcher.end());
const here = { cwd: tmpdir(), env: { PATH: process.env['PATH'] ?? '' }, launcher };

/** Tries it once: null where it holds. */
function tried(probe: ProbeRule, meanwhile: (watch: Watch) => void = () => {}): Promise<string | null> {
  return new Promise((resolve, reject) => {
    openWatch(probe, here, { held: () => resolve(null), unheld: resolve }).then((watch) => {
      watch.try();
      meanwhile(watch);
    }, reject);
  });
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'forkline-ready-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A zombie does not. */
function runs(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('tcp', () => {
  it('holds where something accepts connections', async () => {
    const port = await portOf(createServer((socket) => socket.resume()));
    expect(await tried({ type: 'tcp', host: '127.0.0.1', port })).toBeNull();
    expect(await tried({ type: 'tcp', host: 'localhost', port })).toBeNull();
  });

  it('says why it does not', async () => {
    const probe = { type: 'tcp', host: '127.0.0.1', port: 1 } as const;
    expect(await tried(probe)).toBe('nothing accepts connections at `127.0.0.1:1` (ECONNREFUSED)');
    expect(await tried(probe, (watch) => watch.drop())).toBe(
      'nothing accepts connections at `127.0.0.1:1` (no answer)',
    );
  });
});

describe('http', () => {
  const served = async (answer: (response: ServerResponse) => void): Promise<string> =>
    `http://127.0.0.1:${await portOf(createWebServer((_, response) => answer(response)))}/health`;
  const status = (code: number) => served((response) => response.writeHead(code, { location: '/else' }).end('so'));

  it.each([
    [200, null, true],
    [204, null, true],
    [302, null, true],
    [404, null, false],
    [503, null, false],
    [200, [204], false],
    [503, [200, 503], true],
  ])('that answers %i, where %j is wanted: %s', async (code, statuses, holds) => {
    const url = await status(code);
    expect(await tried({ type: 'http', url, statuses })).toBe(holds ? null : `\`${url}\` answered ${code}`);
  });

  it('does not wait for an answer that never ends', async () => {
    const url = await served((response) => response.writeHead(200).write('data: 1\n\n'));
    expect(await tried({ type: 'http', url, statuses: null })).toBeNull();
  });

  it('gives up where there is no answer at all', async () => {
    const url = await served(() => {});
    const reason = await tried({ type: 'http', url, statuses: null }, (watch) => watch.drop());
    expect(reason).toBe(`\`${url}\` does not answer (no answer)`);
  });

  it('gives up where what answers is no web server', async () => {
    const port = await portOf(createServer((socket) => socket.end('SSH-2.0\r\n')));
    const url = `http://127.0.0.1:${port}/`;
    expect(await tried({ type: 'http', url, statuses: null })).toMatch(/does not answer \(HPE_/);
  });
});

describe('file', () => {
  it('holds where it is there', async () => {
    const path = join(folder(), 'pid');
    expect(await tried({ type: 'file', path })).toBe(`there is no file \`${path}\``);
    writeFileSync(path, '');
    expect(await tried({ type: 'file', path })).toBeNull();
  });
});

describe('exec', () => {
  const sh = (script: string) => ({ type: 'exec', argv: ['sh', '-eu', '-c', script] }) as const;

  it('holds where it exits 0', async () => {
    expect(await tried(sh('true'))).toBeNull();
    expect(await tried(sh('exit 4'))).toBe('`exit 4` exited with 4');
    expect(await tried(sh('kill -9 $$'))).toBe('`kill -9 $$` was ended by SIGKILL');
    expect(await tried({ type: 'exec', argv: ['no-such-program', 'x'] })).toMatch(/^`no-such-program x` cannot be run/);
  });

  it('leaves nothing behind, whether it ends or is given up', async () => {
    const marks = folder();
    const script = `sleep 60 & echo $! > ${marks}/pid; [ "$0" = sh ]`;
    expect(await tried(sh(script))).toBeNull();
    expect(runs(readFileSync(`${marks}/pid`, 'utf8').trim())).toBe(false);
    expect(await tried(sh('sleep 60'), (watch) => watch.drop())).toBe('`sleep 60` was not started in time');
    const running = `touch ${marks}/runs; sleep 60`;
    const dropped = async (watch: Watch): Promise<void> => {
      await expect.poll(() => readdirSync(marks)).toContain('runs');
      watch.drop();
    };
    expect(await tried(sh(running), (watch) => void dropped(watch))).toMatch(/was ended by SIGKILL$/);
  });

  it('that is closed reports nothing, and is settled once its command is gone', async () => {
    const reports: unknown[] = [];
    const watch = await openWatch(sh('sleep 60'), here, {
      held: () => reports.push(null),
      unheld: (reason) => reports.push(reason),
    });
    watch.try();
    watch.close();
    await watch.settled();
    expect(reports).toEqual([]);
  });
});

describe('log', () => {
  const found = (pattern: string, ...pieces: string[]): boolean => {
    const search = new LineSearch(pattern);
    return pieces.some((piece) => search.push(Buffer.from(piece)));
  };

  it('finds a line however it is cut', () => {
    expect(found('^listening on [0-9]+$', 'starting\nlist', 'ening', ' on 80', '80\n')).toBe(true);
    expect(found('^listening on [0-9]+$', 'listening on 80', '80')).toBe(false);
    expect(found('准备好', ...Buffer.from('准备好了\n').toString('latin1').split(''))).toBe(false);
    const search = new LineSearch('^准备好了$');
    expect([...Buffer.from('准备好了\r\n')].map((byte) => search.push(Buffer.of(byte))).at(-1)).toBe(true);
  });

  it('does not find what stands on two lines', () => {
    expect(found('up.*running', 'up\nrunning\n')).toBe(false);
  });

  it('takes the last line without an end for one, once there is no more', () => {
    const search = new LineSearch('ready');
    expect(search.push(Buffer.from('ready'))).toBe(false);
    expect(search.end()).toBe(true);
  });

  it('sees through colours', () => {
    expect(found('^Local: http', '\u001b[32mLocal:\u001b[0m http://x\n')).toBe(true);
  });

  it('looks at the beginning of a line that is longer than memory', () => {
    const search = new LineSearch('needle');
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let piece = 0; piece < 200; piece++) expect(search.push(chunk)).toBe(false);
    expect(search.push(Buffer.from('needle\n'))).toBe(false);
    expect(search.push(Buffer.from('a needle\n'))).toBe(true);
  });

  it('cannot be made to take for ever', () => {
    expect(found('^(a+)+$', `${'a'.repeat(60_000)}!\n`)).toBe(false);
  });
});
