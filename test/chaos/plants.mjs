// `node test/chaos/plants.mjs`: plays a few rounds in which nobody is hurt, plants faults in what was written down, one at a time, and says
// which of them the checkers did not see.
import { fileURLToPath } from 'node:url';
import { check } from './check.mjs';
import { planOf } from './plan.mjs';
import { play } from './world.mjs';

const home = fileURLToPath(new URL('../..', import.meta.url));
const of = (result, e) =>
  result.histories.flatMap(({ lines }) => lines.filter((line) => line.e === e).map((line) => [line, lines]));
const without = (result, e) => {
  const [line, lines] = of(result, e).at(-1);
  lines.splice(lines.indexOf(line), 1);
};

const plants = {
  lane: {
    'an item is lost': (result) => {
      const { id } = of(result, 'got').at(-1)[0];
      for (const one of result.histories)
        one.lines = one.lines.filter((line) => line.id !== id || line.e.startsWith('put'));
    },
    'an item comes twice': (result) => {
      const [line, lines] = of(result, 'got').at(-1);
      lines.push({ ...line, t: line.t + 1e6 });
    },
    'two items change places': (result) => {
      const [[one], [two]] = of(result, 'got');
      [one.id, two.id] = [two.id, one.id];
    },
    'an item is cut short': (result) => (of(result, 'got')[0][0].size -= 1),
    'an item has bytes of another one': (result) => (of(result, 'got')[0][0].torn = true),
    'an item is made up': (result) => (of(result, 'got')[0][0].id = '1.0.0.0'),
    'too many wait': (result) => {
      for (const [line] of of(result, 'ask')) line.t += 1e12;
      for (const [line] of of(result, 'got')) line.t += 1e12;
    },
    'the end is told as a break': (result) => (of(result, 'end')[0][0].how = 'aborted'),
    'an item is marked as redelivered': (result) => (of(result, 'got')[0][0].redelivered = true),
    'the summary counts one less': (result) => (Object.values(result.summary.queues)[0].put -= 1),
    'a process is left': (result) => result.left.push('process 1'),
    'the exit code is another': (result) => (result.exit = 1),
  },
  lock: {
    'two have it at once': (result) => {
      for (const [line] of of(result, 'free')) line.t += 5e9;
    },
    'a fence comes twice': (result) => {
      const [[one], [two]] = of(result, 'have');
      two.fence = one.fence;
    },
    'a fence is too low': (result) =>
      (of(result, 'have')
        .toSorted((a, b) => a[0].t - b[0].t)
        .at(-1)[0].fence = 0),
  },
  pipe: {
    'a message is lost': (result) => without(result, 'recv'),
    'a message comes twice': (result) => {
      const [line, lines] = of(result, 'recv').at(-1);
      lines.splice(lines.indexOf(line), 0, line);
    },
  },
};
const seeds = { lane: 13, lock: 11, pipe: 10 };

for (const [kind, faults] of Object.entries(plants)) {
  const round = { ...planOf(seeds[kind], kind), injuries: [] };
  const result = await play(round, { home });
  const sound = check(result);
  if (sound.length > 0) console.log(`the round itself has faults: ${sound.join('; ')}`);
  for (const [name, plant] of Object.entries(faults)) {
    const { round: plan, forget: _, ...rest } = result;
    const other = { ...structuredClone(rest), round: plan };
    plant(other);
    const [seen] = check(other);
    console.log(seen === undefined ? `${kind}: ${name}: NOT SEEN` : `${kind}: ${name}: seen`);
  }
  result.forget();
}
