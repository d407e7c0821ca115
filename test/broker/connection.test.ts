// The bytes of a connection go to that connection, and to no other.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Connection, type Hearer } from '../../src/broker/connection.ts';
import { LargeBuffers } from '../../src/broker/large-buffers.ts';
import { Type } from '../../src/wire/message.ts';

test('what is still to be said to a client that is gone goes nowhere, though its descriptor is another’s by now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forkline-test-'));
  const server = createServer({ pauseOnConnect: true });
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const accepted = await new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
    server.listen(join(folder, 's'), () => connect(join(folder, 's')).on('error', () => {}));
  });
  const { fd } = (accepted as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const hearer = { hear() {}, heard() {}, longest: () => 0, offended() {}, drained() {}, closed() {} };
  const connection = new Connection(accepted, hearer as unknown as Hearer, new LargeBuffers());
  connection.destroy();
  const files = Array.from({ length: 50 }, (_, index) => join(folder, String(index)));
  const opened = files.map((file) => openSync(file, 'w'));
  expect(opened).toContain(fd);
  connection.writer.bare(Type.END, 1);
  connection.flush();
  for (const descriptor of opened) closeSync(descriptor);
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(files.map(() => ''));
});
