// A run without processes: the real schedules behind the real gate, and programs that put, take, fail and end as they are drawn. One
// that fails rests and comes back for another attempt; an `each` works on an item as long as it has a slot for it.
import type { Need, Plan, ProcessNode, QueueChannel } from '../../src/plan/plan.ts';
import { Admission, scheduleOf } from '../../src/run/admission.ts';
import { ItemSlots } from '../../src/run/item-slots.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';

interface Stream {
  readonly room: number;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  readonly isLoop: boolean;
  /** The queues that close together with it. */
  readonly group: readonly string[];
  waiting: number;
  lost: boolean;
}

/** What a program has still to do. */
interface Course {
  readonly node: ProcessNode;
  readonly inputs: readonly string[];
  /** By stream. */
  readonly puts: Map<string, number>;
  /** How often it fails before it does all that. */
  failures: number;
  /** Of an `each`. */
  readonly crew: Crew | null;
}

interface Crew {
  readonly slots: ItemSlots;
  /** What the processes of its items have still to put, by worker. */
  readonly works: Map<number, Map<string, number>>;
  /** Items that were taken and wait for a slot. */
  readonly taken: Set<number>;
}

export interface Manner {
  /** Some have had enough before the end of what they take, or are terminated, wherever they are by then. */
  readonly early: boolean;
  /** None of them has to do with any other: then no slot is idle while one waits for it, and all have it in their turn. */
  readonly plain?: boolean;
}

/** So many items of an `each` may lead to others. */
const MOST_FRUITFUL = 20;

/** One line for what became of it: `over`, or what went against the rules, or who was left and could not go on. */
export function play(plan: Plan, draws: readonly number[], manner: Manner = { early: true }): string {
  return new World(plan, draws, manner).run();
}

class World {
  readonly #plan: Plan;
  readonly #draws: readonly number[];
  readonly #manner: Manner;
  readonly #schedule: ReturnType<typeof scheduleOf>;
  readonly #processes: ReadonlyMap<string, ProcessNode>;
  readonly #streams: ReadonlyMap<string, Stream>;
  /** Those that run. */
  readonly #alive = new Map<string, Course>();
  /** Between two attempts, or in line for the next. */
  readonly #resting = new Map<string, Course>();
  /** They have asked to come back, in that order. */
  readonly #inLine = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #joined = new Set<string>();
  readonly #drained = new Set<string>();
  /** Started although they had no slot. */
  readonly #forced = new Set<string>();
  /** Terminated, or told to start. */
  readonly #told = new Set<string>();
  #drawn = 0;
  #isOver = false;
  #fault = '';

  constructor(plan: Plan, draws: readonly number[], manner: Manner) {
    this.#plan = plan;
    this.#draws = draws;
    this.#manner = manner;
    this.#schedule = scheduleOf(plan);
    this.#processes = new Map(
      plan.nodes.flatMap((node) =>
        node.kind === 'process' || node.kind === 'daemon' ? [[node.id, node] as const] : [],
      ),
    );
    this.#streams = streamsOf(plan);
  }

  run(): string {
    let stuck: string | null = null;
    this.#hear(this.#schedule.begin(0));
    for (let step = 0; !this.#isOver; step++) {
      if (this.#fault !== '') return this.#fault;
      const steps = this.#possible();
      const next = steps[this.#draw(Math.max(1, steps.length))];
      if (next === undefined) {
        stuck ??= `nobody can go on: ${[...this.#alive.keys()].join(', ')}`;
        if (this.#plan.slots === null) return stuck;
        // What does not come to its end even so was no fault of the slots.
        if (this.#force()) continue;
        return 'over';
      }
      if (step > 10_000) return 'it goes on for ever';
      next();
      if (this.#manner.plain && !this.#isOver) this.#lookForWaste();
    }
    return this.#fault === '' ? (stuck ?? 'over') : this.#fault;
  }

  #draw(below: number): number {
    return (this.#draws[this.#drawn++ % this.#draws.length] as number) % below;
  }

  // ---- What the schedule says ----

  #hear(effects: readonly ScheduleEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'over':
          this.#isOver = true;
          break;
        case 'end':
          (this.#processes.has(effect.fate.node) ? this.#ended : this.#joined).add(effect.fate.node);
          break;
        case 'stop':
          if (this.#alive.has(effect.node) || this.#resting.has(effect.node)) this.#end(effect.node, effect.as);
          break;
        case 'admit':
          this.#admit(effect.node);
          break;
        case 'start':
          this.#start(effect.nodes.filter((id) => !this.#forced.has(id)));
          break;
        default:
      }
    }
    this.#count();
  }

  #start(ids: readonly string[]): void {
    for (const id of ids) {
      this.#told.add(id);
      if (this.#alive.has(id) || this.#ended.has(id)) this.#fault = `${id} started twice`;
      this.#alive.set(id, this.#courseOf(id));
    }
    for (const id of ids) this.#hear(this.#schedule.started(id, 0));
    for (const id of ids) this.#alive.get(id)?.crew?.slots.share();
  }

  #courseOf(id: string): Course {
    const node = this.#processes.get(id) as ProcessNode;
    const crew = node.each === null ? null : this.#crewOf(id);
    const puts = new Map(crew === null ? outputsOf(this.#plan, id).map((name) => [name, this.#draw(4)]) : []);
    return { node, inputs: inputsOf(this.#plan, id), puts, failures: node.again === null ? 0 : this.#draw(3), crew };
  }

  /** The next attempt, or the next item. */
  #admit(id: string): void {
    if (this.#forced.has(id)) return;
    const [first] = this.#inLine;
    if (this.#manner.plain && first !== id) this.#fault = `${id} was let in before ${first}`;
    if (!this.#inLine.delete(id)) this.#fault = `${id} was let in, and had not asked`;
    const crew = this.#alive.get(id)?.crew;
    if (crew) return crew.slots.admitted();
    this.#resume(id);
  }

  #resume(id: string): void {
    const course = this.#resting.get(id);
    if (course === undefined) return;
    this.#resting.delete(id);
    this.#alive.set(id, course);
  }

  #end(id: string, outcome: 'succeeded' | 'finished' | 'stopped' | 'terminated'): void {
    const crew = this.#alive.get(id)?.crew;
    if (crew) disband(crew);
    this.#alive.delete(id);
    this.#resting.delete(id);
    this.#inLine.delete(id);
    this.#ended.add(id);
    this.#hear(this.#schedule.ended({ node: id, outcome }, 0));
  }

  /** Never do more run than there are slots, nor hold a lock than may. */
  #count(): void {
    if (this.#forced.size > 0) return;
    const holders = [...this.#alive.values()].map(({ node }) => node);
    if (isOverheld(holders)) this.#fault = 'a lock has too many holders';
    const { slots } = this.#plan;
    if (slots !== null && this.#busy > slots) this.#fault = `${this.#busy} run, and there are ${slots} slots`;
  }

  get #busy(): number {
    return [...this.#alive.values()].reduce(
      (sum, { node, crew }) => sum + (crew === null ? (node.kind === 'process' ? 1 : 0) : crew.works.size),
      0,
    );
  }

  #lookForWaste(): void {
    const { slots } = this.#plan;
    if (slots === null || this.#busy >= slots) return;
    const parked = [...this.#alive.values()].find(
      ({ crew }) => crew !== null && crew.works.size === 0 && crew.taken.size > 0,
    );
    const unbegun = [...this.#processes.keys()].find((id) => !this.#told.has(id) && !this.#ended.has(id));
    const [waits = parked?.node.id ?? unbegun] = this.#inLine;
    if (waits !== undefined) this.#fault = `${waits} waits, and only ${this.#busy} of ${slots} slots are taken`;
  }

  /** Starts all that wait for slots only. */
  #force(): boolean {
    const due = [...this.#processes.values()].filter(
      ({ id, needs, stdin, stdout }) =>
        !this.#alive.has(id) &&
        !this.#resting.has(id) &&
        !this.#ended.has(id) &&
        needs.every((need) => this.#holds(need)) &&
        stdin.type !== 'process' &&
        stdout.type !== 'process',
    );
    const back = [...this.#inLine];
    for (const { id } of due) {
      this.#forced.add(id);
      this.#alive.set(id, this.#courseOf(id));
    }
    for (const { id } of due) this.#hear(this.#schedule.started(id, 0));
    for (const id of back) {
      this.#forced.add(id);
      this.#inLine.delete(id);
      this.#alive.get(id)?.crew?.slots.admitted();
      this.#resume(id);
    }
    return due.length + back.length > 0;
  }

  #holds({ instances, condition }: Need): boolean {
    return instances.every(
      (id) =>
        this.#ended.has(id) ||
        this.#joined.has(id) ||
        (condition === 'started' && (this.#alive.has(id) || this.#resting.has(id))),
    );
  }

  // ---- What the programs do ----

  /** All that could happen now. */
  #possible(): (() => void)[] {
    const steps: (() => void)[] = [];
    for (const [id, course] of this.#alive) {
      if (course.crew === null) this.#addProgram(steps, id, course);
      else this.#addCrew(steps, course, course.crew);
    }
    if (this.#manner.early) this.#addTermination(steps);
    for (const id of this.#resting.keys()) if (!this.#inLine.has(id)) steps.push(() => this.#comeBack(id));
    for (const [name, { lost }] of this.#streams)
      if (!this.#drained.has(name) && this.#toldEnd(name) && !lost)
        steps.push(() => {
          this.#drained.add(name);
          this.#hear(this.#schedule.drained(name, 0));
        });
    return steps;
  }

  #addProgram(steps: (() => void)[], id: string, course: Course): void {
    const { node, puts, inputs } = course;
    this.#addPuts(steps, puts);
    for (const name of inputs) if (this.#stream(name).waiting > 0) steps.push(() => (this.#stream(name).waiting -= 1));
    const open = inputs.find((name) => !this.#toldEnd(name));
    // It has spoken with the others at its pipes once they have been there.
    const mates = matesOf(this.#plan, id);
    const isDone =
      open === undefined && isQuiet(puts) && mates.every((it) => this.#alive.has(it) || this.#ended.has(it));
    if (isDone && course.failures === 0 && node.kind === 'process') steps.push(() => this.#end(id, 'succeeded'));
    if (isDone && node.kind === 'daemon' && inputs.length > 0) steps.push(() => this.#end(id, 'finished'));
    if (course.failures > 0) steps.push(() => this.#fail(id, course));
    const mayLeave = this.#manner.early && node.kind === 'process' && inputs.length > 0 && mates.length === 0;
    if (mayLeave && open !== undefined && this.#isOnlyTaker(id) && this.#draw(40) === 0)
      steps.push(() => this.#end(id, 'succeeded'));
  }

  #addTermination(steps: (() => void)[]): void {
    if (this.#draw(30) !== 0) return;
    const all = [...this.#processes.values()];
    const node = all[this.#draw(all.length)] as ProcessNode;
    const { id, kind, stdin, stdout } = node;
    const isAlone = stdin.type !== 'process' && stdout.type !== 'process' && matesOf(this.#plan, id).length === 0;
    if (kind !== 'process' || !isAlone || !this.#isOnlyTaker(id) || this.#ended.has(id)) return;
    steps.push(() => this.#hear(this.#schedule.terminate(id, 'by another', false, 0)));
  }

  #addPuts(steps: (() => void)[], puts: Map<string, number>): void {
    for (const [name, left] of puts) {
      const to = this.#stream(name);
      const isBroken = to.consumers.every((consumer) => this.#ended.has(consumer));
      if (left === 0 || (!isBroken && to.room > 0 && to.waiting >= to.room)) continue;
      steps.push(() => {
        puts.set(name, left - 1);
        if (!isBroken) to.waiting += 1;
        else to.lost = true;
      });
    }
  }

  #fail(id: string, course: Course): void {
    course.failures -= 1;
    this.#alive.delete(id);
    this.#resting.set(id, course);
    if (this.#schedule instanceof Admission && this.#schedule.rest(id)) this.#hear(this.#schedule.letIn(0));
  }

  #comeBack(id: string): void {
    const schedule = this.#schedule;
    if (!(schedule instanceof Admission) || !schedule.isResting(id)) return this.#resume(id);
    this.#inLine.add(id);
    this.#hear(schedule.comeBack(id, 0));
  }

  // ---- An `each` ----

  #crewOf(id: string): Crew {
    const schedule = this.#schedule;
    const source =
      schedule instanceof Admission && this.#plan.slots !== null
        ? {
            rest: () => !this.#forced.has(id) && schedule.rest(id),
            comeBack: () => {
              this.#inLine.add(id);
              this.#hear(schedule.comeBack(id, 0));
            },
            lend: () => !this.#forced.has(id) && schedule.lend(id),
            giveBack: () => schedule.giveBack(id),
            letIn: () => this.#hear(schedule.letIn(0)),
          }
        : null;
    const works = new Map<number, Map<string, number>>();
    const taken = new Set<number>();
    let begun = 0;
    const begin = (worker: number): void => {
      taken.delete(worker);
      // A crawler that finds something new in all that it finds would never come to its end.
      const most = begun++ < MOST_FRUITFUL ? 2 : 1;
      works.set(worker, new Map(outputsOf(this.#plan, id).map((name) => [name, this.#draw(most)])));
      this.#count();
    };
    return { slots: new ItemSlots(source, begin), works, taken };
  }

  #addCrew(steps: (() => void)[], { node, inputs }: Course, { slots, works, taken }: Crew): void {
    const workers = node.each?.workers ?? 1;
    const free = Array.from({ length: workers }, (_, at) => at).find((at) => !works.has(at) && !taken.has(at));
    for (const name of inputs)
      if (free !== undefined && this.#stream(name).waiting > 0)
        steps.push(() => {
          this.#stream(name).waiting -= 1;
          taken.add(free);
          slots.wants(free);
        });
    for (const [worker, puts] of works) {
      this.#addPuts(steps, puts);
      if (isQuiet(puts))
        steps.push(() => {
          works.delete(worker);
          slots.leaves(worker);
        });
    }
    const isIdle = works.size === 0 && taken.size === 0;
    if (isIdle && inputs.every((name) => this.#toldEnd(name))) steps.push(() => this.#end(node.id, 'succeeded'));
  }

  // ---- Streams ----

  #stream(name: string): Stream {
    return this.#streams.get(name) as Stream;
  }

  #toldEnd(name: string): boolean {
    return this.#stream(name).waiting === 0 && this.#isClosed(this.#stream(name));
  }

  /** A loop ends once all of it wait for more. */
  #isClosed({ producers, isLoop, group }: Stream): boolean {
    if (!isLoop) return producers.every((id) => this.#ended.has(id));
    const members = group.map((name) => this.#stream(name));
    const takers = new Set(members.flatMap(({ consumers }) => consumers));
    const isIdle = (id: string): boolean => this.#ended.has(id) || (takers.has(id) && this.#isIdle(id));
    return members.every(({ waiting, producers: those }) => waiting === 0 && those.every(isIdle));
  }

  #isIdle(id: string): boolean {
    const course = this.#alive.get(id);
    if (course === undefined) return false;
    const { crew, puts } = course;
    return crew === null ? isQuiet(puts) : crew.works.size + crew.taken.size === 0;
  }

  /** Nobody of another name takes from the same: those would then have to start in its place, at whatever cost. */
  #isOnlyTaker(id: string): boolean {
    const nameOf = (taker: string): string | undefined => this.#processes.get(taker)?.name;
    return inputsOf(this.#plan, id).every((name) => new Set(this.#stream(name).consumers.map(nameOf)).size === 1);
  }
}

/** Its processes are gone before it ends. */
function disband({ slots, works, taken }: Crew): void {
  const workers = [...taken, ...works.keys()];
  taken.clear();
  works.clear();
  for (const worker of workers) slots.leaves(worker);
}

function isQuiet(puts: ReadonlyMap<string, number>): boolean {
  return [...puts.values()].every((left) => left === 0);
}

function streamsOf(plan: Plan): Map<string, Stream> {
  const streams = new Map<string, Stream>();
  const add = (name: string, its: Pick<Stream, 'room' | 'producers' | 'consumers' | 'isLoop' | 'group'>): void => {
    streams.set(name, { ...its, waiting: 0, lost: false });
  };
  for (const { name, maxsize, producers, consumers, group } of queuesOf(plan))
    add(name, { room: maxsize, producers, consumers, isLoop: group !== null, group: group ?? [] });
  for (const { name, from } of queuesOf(plan))
    if (from?.type === 'values') (streams.get(name) as Stream).waiting = from.values.length;
  for (const node of plan.nodes)
    if (node.kind === 'process' && node.stdin.type === 'process')
      add(`into ${node.id}`, {
        room: 1,
        producers: [node.stdin.process],
        consumers: [node.id],
        isLoop: false,
        group: [],
      });
  return streams;
}

function queuesOf(plan: Plan): readonly QueueChannel[] {
  return plan.channels.filter((channel) => channel.kind === 'queue');
}

function inputsOf(plan: Plan, id: string): readonly string[] {
  const node = plan.nodes.find((each) => each.id === id);
  const queues = queuesOf(plan)
    .filter(({ consumers }) => consumers.includes(id))
    .map(({ name }) => name);
  return node?.kind === 'process' && node.stdin.type === 'process' ? [...queues, `into ${id}`] : queues;
}

function outputsOf(plan: Plan, id: string): readonly string[] {
  const node = plan.nodes.find((each) => each.id === id);
  const queues = queuesOf(plan)
    .filter(({ producers }) => producers.includes(id))
    .map(({ name }) => name);
  return node?.kind === 'process' && node.stdout.type === 'process'
    ? [...queues, `into ${node.stdout.process}`]
    : queues;
}

function matesOf(plan: Plan, id: string): readonly string[] {
  return plan.channels.flatMap((channel) =>
    channel.kind === 'pipe' && channel.ends.includes(id) ? channel.ends.filter((end) => end !== id) : [],
  );
}

/** More hold a lock than may. */
function isOverheld(alive: readonly ProcessNode[]): boolean {
  const held = alive.flatMap(({ holds }) => holds);
  const count = (lock: string, shared: boolean): number =>
    held.filter((it) => it.lock === lock && it.shared === shared).length;
  return (
    count('l0', false) > 1 ||
    count('l1', false) > 2 ||
    (count('l2', false) > 0 && count('l2', false) + count('l2', true) > 1)
  );
}
