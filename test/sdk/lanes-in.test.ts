// A queue whose items come over a direct lane, as its taker has it: what is told to the broker once the lane is closed, or was never entered.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { written } from '../wire/meaning.ts';
import { bare, type Client, client, counted, deliver, put, range } from './kit.ts';

/** These have come over a lane, and the program has taken the first of them. */
async function overLane(...items: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'lane-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const met = await client();
  const { broker, queue } = met;
  const first = queue().take();
  await broker.until('GET');
  const lane = { path: join(folder, 's'), key: 'k' };
  broker.send({ type: 'LANE', flags: 1, channel: 1, json: lane });
  await broker.until('LANE_READY');
  const producer = connect(lane.path);
  onTestFinished(() => void producer.destroy());
  producer.write(Buffer.concat([written({ type: 'LANE', flags: 0, channel: 1, json: lane }), written(put(...items))]));
  broker.send(bare('LANE_GO'));
  return { ...met, folder, producer, taken: await first };
}

/** All that the broker has said by now. */
async function hasHeard(broker: Client['broker'], session: Client['session']): Promise<void> {
  const heard = session.confirm();
  const { request } = await broker.until('FLUSH');
  broker.send({ type: 'REPLY', flags: 0, channel: 0, request: request as number });
  await heard;
}

test('what the broker sends while something is still to come over a lane goes back only after it is said what was taken there', async () => {
  const { broker, queue, producer, taken } = await overLane('0', '1');
  expect(taken.value).toBe(0);
  // The broker was asked for an item before there was a lane, so one more may come from there.
  taken.giveBack();
  await broker.until('UNGET');
  broker.send({ type: 'LANE_MAP', flags: 0, channel: 1, json: { sent: 3, ranges: [[0, 3]] } }, deliver('3'));
  broker.send(bare('WITHDRAWN'));
  const next = queue().take();
  await broker.until('GET');
  const told = [];
  producer.end(written(put('2')));
  for (let left = 4; left > 0; left -= 1) told.push(await broker.next());
  expect(told).toEqual([
    counted('TAKEN', 1),
    range('GIVE_BACK', 1, 2),
    range('GIVE_BACK', 0, 1),
    range('GIVE_BACK', 3, 1),
  ]);
  await broker.until('UNGET');
  broker.send(bare('WITHDRAWN'));
  await broker.until('GET');
  broker.send(deliver('0'));
  expect((await next).value).toBe(0);
});

test('what was sent over a lane and never came is given again before what the broker sends behind it', async () => {
  const { broker, queue, session, producer, taken } = await overLane('0');
  expect(taken.value).toBe(0);
  const second = queue()
    .take()
    .then(({ value }) => value);
  second.catch(() => {});
  // The broker was asked for an item before there was a lane, so one more may come from there.
  broker.send({ type: 'LANE_MAP', flags: 0, channel: 1, json: { sent: 4, ranges: [[0, 4]] } }, deliver('4'));
  await hasHeard(broker, session);
  producer.destroy();
  const told = [await broker.next(), await broker.next(), await Promise.race([broker.next(), second])];
  expect(told).toEqual([counted('TAKEN', 1), range('GIVE_BACK', 1, 3), range('GIVE_BACK', 4, 1)]);
});

test('what came from the broker in front of what is taken of a lane, and is not taken, goes back before it is said what is', async () => {
  const { broker, session, taken } = await overLane('1', '2');
  expect(taken.value).toBe(1);
  // It came back to the queue meanwhile, and the broker was asked for an item before there was a lane.
  broker.send({ type: 'REDELIVER', flags: 0, channel: 1, attempt: 1, items: ['0'] });
  await hasHeard(broker, session);
  session.leave('ended');
  expect([await broker.next(), await broker.next()]).toEqual([
    range('GIVE_BACK', 0, 1),
    { type: 'LANE_LEFT', flags: 0, channel: 1, json: { taken: 1, done: [] } },
  ]);
});

test('a lane whose putter is gone before the last one is read to its end is handed over without being entered', async () => {
  const { broker, session, producer, folder, taken } = await overLane('0');
  expect(taken.value).toBe(0);
  broker.send(
    { type: 'LANE_MAP', flags: 0, channel: 1, json: { sent: 2, ranges: [[1, 1]] } },
    { type: 'LANE', flags: 1, channel: 1, json: { path: join(folder, 't'), key: 'k' } },
    bare('LANE_STOP', 1),
  );
  await hasHeard(broker, session);
  producer.end(written(put('1')));
  let { type, json } = await broker.next();
  while (!type.startsWith('LANE')) ({ type, json } = await broker.next());
  expect({ type, json }).toEqual({ type: 'LANE_CLOSED', json: { put: 0, sent: 0, taken: 0, done: 0, peak: 0 } });
});
