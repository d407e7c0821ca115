// `node test/chaos/scenario-plants.mjs`: faults planted around a run that is sound, each of which what looks at scenarios has to see.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { kill } from './scenarios/processes-of.mjs';
import { Scene } from './scenarios/scene.mjs';

const home = fileURLToPath(new URL('../..', import.meta.url));
const sound = { processes: { a: { run: 'echo fine' }, b: { run: 'sleep 0.2', needs: 'a' } } };
/** Does something before it becomes the runner. */
const first = (script) => ({ wrap: ['sh', '-c', `${script}\nexec "$@"`, 'sh'] });

async function plain(scene, options, after = async () => {}, patienceMs = 200) {
  const runner = scene.run(sound, options);
  await runner.end();
  await after(runner, scene.at('work', runner.name));
  await scene.end({ patienceMs });
}

const plants = {
  // Its guards go away in a moment, which may be long on a busy machine.
  'nothing at all': [null, (scene) => plain(scene, {}, undefined, 20_000)],
  'a process is left in its group': [
    /left behind: sleep 301/,
    (scene) => plain(scene, first('sleep 301 >/dev/null 2>&1 &')),
  ],
  'one that is left leads a session of its own': [
    /left behind: sleep 301/,
    (scene) => plain(scene, first('setsid sleep 301 >/dev/null 2>&1 &')),
  ],
  'one that is left has emptied its environment, and closed its files': [
    /left behind: .*hostile/,
    (scene) => plain(scene, first(`${scene.hostile('dsce').join(' ')}; sleep 0.2`)),
  ],
  'one that is left forks on and on': [
    /left behind/,
    (scene) => plain(scene, first(`${scene.hostile('dsceh').join(' ')}; sleep 0.2`)),
  ],
  'one that is left speaks of the run in its arguments alone': [
    /left behind: perl -e sleep/,
    (scene) => plain(scene, first(`env -i setsid perl -e 'sleep 301' ${scene.folder} >/dev/null 2>&1 &`)),
  ],
  'a file is left': [/left was left in the folder/, (scene) => plain(scene, first('touch "$TMPDIR/left"'))],
  'an innocent is killed': [
    /an innocent process was killed/,
    async (scene) => {
      const innocent = scene.innocent();
      await plain(scene, {}, async () => {
        kill(innocent.pid);
        await pause(50);
      });
    },
  ],
  'a child is not reaped': [
    /was not reaped/,
    (scene) => plain(scene, { wrap: ['perl', '-e', 'if (!fork) { exit } sleep 3; exec @ARGV'] }),
  ],
  'the run hangs': [
    /the run hangs/,
    async (scene) => {
      const runner = scene.run({ processes: { a: { run: 'sleep 600' } } });
      await runner.end(1_000);
      await scene.end({ patienceMs: 100, mayLeaveFolder: true });
    },
  ],
  'the last event is missing': [
    /the last event is not the end/,
    (scene) => plain(scene, {}, async (_, at) => edit(`${at}/events.ndjson`, (text) => text.replace(/.*\n$/, ''))),
  ],
  'an event is torn': [
    /is torn/,
    (scene) =>
      plain(scene, {}, async (_, at) => edit(`${at}/events.ndjson`, (text) => text.replace('"node.ended"', '"node'))),
  ],
  'a process has no end': [
    /`a` has no end/,
    (scene) =>
      plain(scene, {}, async (_, at) =>
        edit(`${at}/events.ndjson`, (text) => text.replace(/.*"node.ended","node":"a".*\n/, '')),
      ),
  ],
  'the summary is missing': [
    /there is no summary/,
    (scene) => plain(scene, {}, async (_, at) => writeFileSync(`${at}/summary.json`, '')),
  ],
  'the summary disagrees': [
    /the summary says of `a`/,
    (scene) =>
      plain(scene, {}, async (_, at) => edit(`${at}/summary.json`, (text) => text.replace('"succeeded"', '"failed"'))),
  ],
  'the exit code disagrees': [
    /exit code 0, and it was 1/,
    (scene) => plain(scene, {}, async (runner) => (runner.rc = 1)),
  ],
  'a failure is a success': [
    /the run succeeded, and a process failed/,
    (scene) =>
      plain(scene, {}, async (_, at) => {
        for (const file of ['events.ndjson', 'summary.json'])
          edit(`${at}/${file}`, (text) =>
            text
              .replace('"outcome":"succeeded"', '"outcome":"failed"')
              .replace('"outcome": "succeeded"', '"outcome": "failed"'),
          );
      }),
  ],
  'it crashes': [
    /a mistake of Forkline's own/,
    (scene) => plain(scene, first('echo "TypeError: x is not a function" >&2')),
  ],
};

let unseen = 0;
for (const [name, [fault, play]] of Object.entries(plants)) {
  const scene = new Scene({ home, user: process.argv[2], id: 'plant' });
  await play(scene);
  const seen = fault === null ? scene.faults.length === 0 : scene.faults.some((found) => fault.test(found));
  console.log(`${name}: ${seen ? 'seen' : `NOT SEEN (${scene.faults.join(' · ') || 'no fault'})`}`);
  if (!seen) unseen++;
  await scene.forget();
}
process.exit(unseen === 0 ? 0 : 1);

function edit(path, change) {
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) appendFileSync(path, 'nothing was changed');
  else writeFileSync(path, after);
}
