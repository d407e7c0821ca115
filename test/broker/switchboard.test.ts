// When the machines take their turns: at once for the one who speaks alone, together for those who speak in one round.
import { setImmediate as nextRound } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Party } from '../../src/broker/party.ts';
import { Switchboard } from '../../src/broker/switchboard.ts';
import { lockOf } from './kit.ts';

const mutex = lockOf('mutex', ['a', 'b']);

/** A lock for two parties; what is said to them is written down in order. */
function board() {
  const said: string[] = [];
  const switchboard = new Switchboard({ runId: 'run', channels: [mutex], judges: new Map() }, () => {});
  const party = (session: number, instance: string): Party => ({
    session,
    instance,
    perform: (_, effect) => said.push(`${instance}: ${effect.type}`),
    flush: () => said.push(`${instance}: sent`),
  });
  const [a, b] = [party(1, 'a'), party(2, 'b')];
  for (const each of [a, b]) switchboard.enter(each);
  const reads = (each: Party) => {
    switchboard.lock(each, 1).acquire(each.session, 7, { atOnce: true });
    switchboard.turns.heard();
  };
  return { said, a: () => reads(a), b: () => reads(b) };
}

test('who speaks alone is answered at once', async () => {
  const { said, a, b } = board();
  a();
  expect(said).toEqual(['a: granted', 'a: sent']);
  await nextRound();
  b();
  expect(said.slice(2)).toEqual(['b: refused', 'b: sent']);
});

test('where several speak in one round of the loop, they are answered in one turn in the next', async () => {
  const { said, a, b } = board();
  a();
  b();
  expect(said).toEqual(['a: granted', 'a: sent']);
  await nextRound();
  expect(said.splice(0)).toEqual(['a: granted', 'a: sent', 'b: refused', 'b: sent']);
  a();
  b();
  expect(said).toEqual([]);
  await nextRound();
  expect(said).toEqual(['a: refused', 'b: refused', 'a: sent', 'b: sent']);
});
