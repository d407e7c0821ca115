// The table of who may do what, and how a source file is held against it, line by line.

/** A room's name → what it may import, as folders or files under src/. `type:` allows types only. */
const arrows: Record<string, readonly string[]> = {
  commands: ['*'],
  'engine.ts': ['*'],
  'home.ts': [],
  'clock.ts': [],
  'deadline.ts': [],
  'procfs.ts': [],
  report: ['run/event.ts', 'run/summary.ts', 'plan/plan.ts', 'pipeline/diagnostic.ts', 'pipeline/source.ts'],
  run: [
    'plan',
    'broker/control.ts',
    'broker/suspicion.ts',
    'broker/host.ts',
    'keeper',
    'wire',
    'home.ts',
    'clock.ts',
    'deadline.ts',
    'procfs.ts',
  ],
  keeper: ['home.ts'],
  broker: [
    'wire',
    'plan/plan.ts',
    'pipeline/json-schema.ts',
    'type:run/event.ts',
    'type:plan/speakers.ts',
    'home.ts',
    'clock.ts',
    'deadline.ts',
    'procfs.ts',
  ],
  sdk: ['wire'],
  verbs: ['sdk', 'wire', 'procfs.ts'],
  plan: ['pipeline'],
  pipeline: [],
  wire: [],
};

/** The few files that may do what everything else can then be tested without. */
const mayImport: Record<string, readonly string[]> = {
  // What a pipeline declares, and the broker; `flock`, which waits in the broker's place; `mkfifo`, where loading execa would cost more than what it runs.
  'node:child_process': [
    'src/broker/broker-process.ts',
    'src/broker/host-lock.ts',
    'src/keeper/keeper.ts',
    'src/run/direct-launcher.ts',
    'src/run/kernel-pipe.ts',
    // What a script runs while it holds a lock.
    'src/verbs/holding.ts',
  ],
  // Tools that are asked before a run.
  execa: ['src/run/target-python.ts'],
};
/** The taking end of a lane hears one other process. */
const mayListen = ['src/broker/server.ts', 'src/sdk/lane-door.ts'];
/** The SDK speaks from within a child, whose screen is its own. */
const mayWriteToScreen = ['src/report/screen.ts', 'src/commands', 'src/sdk', 'src/verbs'];

/** They decide; what does is elsewhere. */
export const machines = [
  'src/run/schedule.ts',
  'src/run/schedules.ts',
  'src/run/joins.ts',
  'src/run/admission.ts',
  'src/run/slots.ts',
  'src/run/item-slots.ts',
  'src/run/lock-turns.ts',
  'src/run/fifo-waits.ts',
  'src/plan/foresight.ts',
  'src/run/lifecycle.ts',
  'src/run/masker.ts',
  'src/run/attempts.ts',
  'src/run/readiness.ts',
  'src/run/each.ts',
  'src/broker/queue.ts',
  'src/broker/pipe.ts',
  'src/broker/lock.ts',
  'src/broker/waiting-line.ts',
  'src/broker/lane.ts',
  'src/broker/bypass.ts',
  'src/broker/settlement.ts',
  'src/broker/areas.ts',
  'src/broker/streams.ts',
  'src/broker/waits.ts',
  'src/broker/queue-view.ts',
  'src/broker/queue-waits.ts',
  'src/broker/lock-waits.ts',
  'src/broker/vigil.ts',
  'src/broker/stillness.ts',
  'src/broker/stalled.ts',
  'src/broker/oversight.ts',
  'src/run/prospects.ts',
  'src/run/reliance.ts',
  'src/sdk/pace.ts',
  'src/sdk/plots.ts',
  'src/sdk/lane-log.ts',
];

export function faultsOf(file: string, text: string): string[] {
  const source = withoutComments(text);
  const faults = [
    ...importsOf(source).map(({ at, path, typeOnly }) => ({ at, faults: faultsOfImport(file, path, typeOnly) })),
    ...[...source.matchAll(/^.*$/gm)].map((line) => ({ at: line.index, faults: faultsOfLine(file, line[0]) })),
  ];
  return faults.flatMap(({ at, faults: texts }) =>
    texts.map((fault) => `${file}:${source.slice(0, at).split('\n').length}: ${fault}`),
  );
}

function importsOf(source: string): { at: number; path: string; typeOnly: boolean }[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
  const dynamic = /\bimport\(\s*'([^']+)'/g;
  return [
    ...[...source.matchAll(statement)].map((found) => ({
      at: found.index,
      path: found[2] as string,
      typeOnly: found[1] !== undefined,
    })),
    ...[...source.matchAll(dynamic)].map((found) => ({ at: found.index, path: found[1] as string, typeOnly: false })),
  ];
}

function faultsOfLine(file: string, line: string): string[] {
  const faults: string[] = [];
  if (/\.listen\(/.test(line) && !mayListen.includes(file)) faults.push(`only ${mayListen.join(', ')} may listen`);
  if (/\bprocess\.(?:stdout|stderr)\.write\b|\bconsole\./.test(line) && !isAmong(file, mayWriteToScreen)) {
    faults.push(`only ${mayWriteToScreen.join(', ')} may write to the screen`);
  }
  if (machines.includes(file)) {
    const touched =
      /\b(?:Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|Promise|process)\b(?=[.(])/.exec(line);
    if (touched) faults.push(`a machine reads no clock, timer, process, file or socket: \`${touched[0]}\``);
  }
  return faults;
}

function faultsOfImport(file: string, imported: string, typeOnly: boolean): string[] {
  if (!imported.startsWith('.')) {
    if (machines.includes(file) && imported.startsWith('node:'))
      return [`a machine imports nothing of Node: ${imported}`];
    const allowed = mayImport[imported];
    return allowed === undefined || allowed.includes(file) ? [] : [`only ${allowed.join(', ')} may import ${imported}`];
  }
  const target = new URL(imported, `file:///${file}`).pathname.slice(1);
  if (!target.startsWith('src/'))
    return target === 'package.json' || target.startsWith('schemas/') ? [] : [`${target} is not a source`];
  const inside = target.slice('src/'.length);
  const room = roomOf(file.slice('src/'.length));
  if (roomOf(inside) === room) return [];
  const allowed = arrows[room];
  if (allowed === undefined) return [`\`${room}\` stands in no table: give it its arrows`];
  if (allowed.some((entry) => entry === '*' || entry === inside || entry === roomOf(inside))) return [];
  if (allowed.includes(`type:${inside}`)) return typeOnly ? [] : [`\`${room}\` may import ${inside} for types only`];
  return [`\`${room}\` may not import ${inside}`];
}

function roomOf(path: string): string {
  return path.split('/')[0] as string;
}

function isAmong(file: string, places: readonly string[]): boolean {
  return places.some((place) => file === place || file.startsWith(`${place}/`));
}

/** Keeps every line where it is. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}
