// A run without processes: the real `schedule` and the real `attempts` of every node, in time that jumps from one thing to the next.
// What the world does to them is drawn at random: programs that start late or not at all, crash, hang, do not hear a signal, and probes
// that hold late, never, or hang. Answers what went against the rules of the language.
import type { Account } from '../../src/broker/control.ts';
import type { Node, NodeId, ProcessNode } from '../../src/plan/plan.ts';
import { Attempts } from '../../src/run/attempts.ts';
import type { Outcome } from '../../src/run/event.ts';
import type { Effect, Ended, Input } from '../../src/run/life.ts';
import { Schedule } from '../../src/run/schedule.ts';
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';
import { planOf } from '../kit/plan.ts';

export interface Faults {
  /** Whether the run is interrupted at some moment. */
  readonly interrupted: boolean;
  readonly attemptsOf?: (node: ProcessNode) => Attempts;
}

/** What is known of one node while it goes on. */
interface Course {
  readonly node: ProcessNode;
  readonly machine: Attempts;
  /** Of this attempt. */
  alive: boolean;
  deaf: boolean;
  trying: boolean;
  readyNow: boolean;
  wasReady: boolean;
  told: boolean;
  spawns: number;
  recovers: number;
  settled: boolean;
  ended: Ended | null;
  /** How the attempts before ended, and when each was started. */
  readonly past: Ended[];
  exit: { readonly exitcode: number; readonly at: number; readonly since: number } | null;
  /** The longest it was up since that was counted last. */
  further: number;
  /** Forgets what was to happen to the attempt that is over. */
  life: number;
}

export function play(nodes: readonly Node[], random: () => number, faults: Faults): readonly string[] {
  return new World(nodes, random, faults).run();
}

class World {
  readonly #complaints: string[] = [];
  readonly #random: () => number;
  readonly #faults: Faults;
  readonly #nodes: ReadonlyMap<NodeId, Node>;
  readonly #schedule: Schedule;
  readonly #courses = new Map<NodeId, Course>();
  readonly #outcomes = new Map<NodeId, Outcome>();
  #due: { readonly at: number; readonly what: () => void }[] = [];
  #now = 0;
  #stopping = false;
  #over = 0;

  constructor(nodes: readonly Node[], random: () => number, faults: Faults) {
    this.#random = random;
    this.#faults = faults;
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#schedule = new Schedule(planOf(nodes));
  }

  run(): readonly string[] {
    if (this.#faults.interrupted) this.#in(this.#upTo(3000), () => this.#interrupt());
    this.#hear(this.#schedule.begin(0));
    for (let step = 0; this.#over === 0; step++) {
      if (step > MOST_STEPS) return [...this.#complaints, 'it goes on for ever'];
      if (!this.#step()) return [...this.#complaints, 'nothing more happens, and it is not over'];
    }
    this.#judge();
    return this.#complaints;
  }

  /** The next thing that happens; false: there is none. */
  #step(): boolean {
    const deadlines = [...this.#courses.values()].flatMap(({ machine }) => machine.nextDeadline() ?? []);
    const next = Math.min(...deadlines, this.#schedule.nextDeadline() ?? Infinity, ...this.#due.map(({ at }) => at));
    if (next === Infinity) return false;
    // A timer never goes off early, and may be late.
    this.#now = Math.max(this.#now, next);
    const due = this.#due.filter(({ at }) => at <= this.#now);
    if (due.length > 0) {
      const [one] = due.sort((a, b) => a.at - b.at);
      this.#due = this.#due.filter((other) => other !== one);
      one?.what();
      return true;
    }
    this.#hear(this.#schedule.tick(this.#now));
    for (const course of this.#courses.values()) this.#tell(course, { type: 'tick' });
    return true;
  }

  #interrupt(): void {
    this.#hear(this.#schedule.stop('interrupted', this.#now));
    if (this.#random() < 0.5)
      this.#in(this.#upTo(500), () => {
        for (const course of this.#courses.values()) {
          course.told = true;
          this.#tell(course, { type: 'kill' });
        }
      });
  }

  // ---- The schedule ----

  #hear(effects: readonly ScheduleEffect[]): void {
    for (const effect of effects) {
      if (this.#over > 0) this.#complain(`${effect.do} after the end`);
      if (effect.do === 'start') for (const node of effect.nodes) this.#start(node);
      if (effect.do === 'stop') {
        const course = this.#courses.get(effect.node);
        if (course) course.told = true;
        if (course) this.#tell(course, { type: 'stop', as: effect.as, reason: effect.reason });
      }
      if (effect.do === 'stopping') this.#stopping = true;
      if (effect.do === 'end') this.#note(effect.fate.node, effect.fate.outcome);
      if (effect.do === 'over') this.#over++;
    }
  }

  #start(id: NodeId): void {
    const node = this.#nodes.get(id) as ProcessNode;
    for (const need of node.needs)
      for (const on of need.instances)
        if (!this.#holds(need.condition, on)) this.#complain(`${id} started although ${on} is not ${need.condition}`);
    if (this.#stopping) this.#complain(`${id} started while the run stops`);
    const machine = this.#faults.attemptsOf?.(node) ?? new Attempts(node);
    const course: Course = {
      node,
      machine,
      alive: false,
      deaf: false,
      trying: false,
      readyNow: false,
      wasReady: false,
      told: false,
      spawns: 0,
      recovers: 0,
      settled: false,
      ended: null,
      past: [],
      exit: null,
      further: 0,
      life: 0,
    };
    this.#courses.set(id, course);
    this.#tell(course, { type: 'start' });
  }

  #holds(condition: string, id: NodeId): boolean {
    const outcome = this.#outcomes.get(id);
    const course = this.#courses.get(id);
    if (condition === 'started') return (course?.spawns ?? 0) > 0;
    if (condition === 'ready')
      return course !== undefined && (course.node.ready === null ? course.spawns > 0 : course.wasReady);
    const isFailure = outcome === 'failed' || outcome === 'timed_out';
    const isIgnored = isFailure && course?.node.onFailure === 'ignore';
    if (condition === 'failed') return isFailure && !isIgnored;
    if (condition === 'completed') return outcome !== undefined;
    return outcome === 'succeeded' || outcome === 'passed' || isIgnored;
  }

  // ---- One process ----

  #tell(course: Course, input: Input): void {
    if (course.ended !== null) return;
    for (const effect of course.machine.handle(input, this.#now, this.#random())) this.#perform(course, effect);
  }

  #perform(course: Course, effect: Effect): void {
    const { node } = course;
    switch (effect.do) {
      case 'spawn':
        return this.#spawn(course);
      case 'announce':
        return this.#hear(this.#schedule.started(node.id, this.#now));
      case 'signal':
        if (effect.signal === 'SIGKILL' || !course.deaf)
          this.#later(course, 30, () => this.#exit(course, effect.signal === 'SIGKILL' ? -9 : this.#pick([0, -15, 1])));
        return;
      case 'empty':
        return this.#later(course, effect.patient ? 8000 : 20, () =>
          this.#tell(course, { type: 'emptied', leaked: [] }),
        );
      case 'hurry':
        return this.#later(course, 20, () => this.#tell(course, { type: 'emptied', leaked: [9] }));
      case 'account':
        return this.#later(course, effect.abandon ? 5 : 50, () =>
          this.#tell(course, { type: 'accounted', account: this.#account() }),
        );
      case 'try':
        return this.#try(course);
      case 'drop':
        return this.#later(course, 20, () => this.#answer(course, 'it was dropped'));
      case 'unwatch':
        course.trying = false;
        return;
      case 'ready':
        if (course.node.ready === null) this.#complain(`${node.id} has no probe, and is told to be ready`);
        course.readyNow = true;
        course.wasReady = true;
        return this.#hear(this.#schedule.ready(node.id, this.#now));
      case 'settle':
        if (course.settled) this.#complain(`${node.id} was settled twice`);
        course.settled = true;
        return;
      case 'recover':
        if (course.settled) this.#complain(`${node.id} was settled before its last attempt`);
        course.recovers += 1;
        return;
      case 'again':
        return this.#again(course, effect);
      case 'return':
        return this.#later(course, 300, () => this.#tell(course, { type: 'admitted' }));
      case 'reconsider':
        this.#due.push({ at: this.#now, what: () => this.#tell(course, { type: 'reconsider' }) });
        return;
      case 'end':
        return this.#end(course, effect.ended);
      default:
    }
  }

  #spawn(course: Course): void {
    const { node } = course;
    // One that was told to stop before it was started is only just being started.
    if (course.told && course.recovers > 0) this.#complain(`${node.id} was started again although it was told to stop`);
    course.life += 1;
    course.readyNow = false;
    course.exit = null;
    course.trying = false;
    this.#later(course, 40, () => {
      if (this.#random() < 0.15) return this.#tell(course, { type: 'refused', reason: 'no such program' });
      course.spawns += 1;
      course.alive = true;
      course.deaf = this.#random() < 0.3;
      const since = this.#now;
      this.#tell(course, { type: 'spawned', pid: 1 });
      // A daemon may stay; so may a process that has a time limit, or is stopped with the run.
      const stays = node.kind === 'daemon' ? 0.5 : node.timeoutMs === null ? 0 : 0.2;
      const lifeMs = this.#random() < 0.1 ? 70_000 : 400;
      if (this.#random() >= stays)
        this.#later(course, lifeMs, () => this.#exit(course, this.#pick([0, 0, 1, 3, -9]), since));
      const { ready } = node;
      if (ready !== null && (ready.probe.type === 'log' || ready.probe.type === 'sdk') && this.#random() < 0.7)
        this.#later(course, 500, () => this.#tell(course, { type: 'held' }));
      if (this.#random() < 0.05)
        this.#later(course, 300, () => this.#tell(course, { type: 'fault', reason: 'it broke the protocol' }));
    });
  }

  #exit(course: Course, exitcode: number, since = 0): void {
    if (!course.alive) return;
    course.alive = false;
    course.exit = { exitcode, at: this.#now, since };
    this.#tell(course, { type: 'exited', exitcode, signal: exitcode < 0 ? 'SIGKILL' : null });
  }

  #try(course: Course): void {
    if (course.trying) this.#complain(`${course.node.id} is tried while it is being tried`);
    course.trying = true;
    if (this.#random() < 0.1) return;
    this.#later(course, 60, () => this.#answer(course, this.#random() < 0.4 ? null : 'not yet'));
  }

  #answer(course: Course, reason: string | null): void {
    if (!course.trying) return;
    course.trying = false;
    this.#tell(course, reason === null ? { type: 'held' } : { type: 'unheld', reason });
  }

  #again(course: Course, { delayMs, ended }: Extract<Effect, { do: 'again' }>): void {
    const { id, again, kind } = course.node;
    if (again === null) return this.#complain(`${id} is started again, and no rule says so`);
    if (course.told) this.#complain(`${id} is to be started again although it was told to stop`);
    if (ended.outcome !== 'failed' && ended.outcome !== 'timed_out')
      this.#complain(`${id} is started again after it was ${ended.outcome}`);
    const codes = again.exitCodes;
    if (codes !== null && (ended.outcome === 'timed_out' || !codes.includes(ended.exitcode ?? 0)))
      this.#complain(`${id} is started again after an exit code that it does not name`);
    const longUp = course.exit !== null && course.exit.since > 0 && course.exit.at - course.exit.since >= 60_000;
    course.further = kind === 'daemon' && longUp ? 1 : course.further + 1;
    if (again.attempts !== null && course.further > again.attempts)
      this.#complain(`${id} had more attempts than it may have`);
    if (delayMs < 0 || delayMs > Math.max(again.maxDelayMs, again.delayMs))
      this.#complain(`${id} waits for ${delayMs} ms`);
    course.past.push(ended);
  }

  #end(course: Course, ended: Ended): void {
    const { node } = course;
    if (!course.settled) this.#complain(`${node.id} ended and was not settled`);
    course.ended = ended;
    course.life += 1;
    this.#note(node.id, ended.outcome);
    const mayGoOn =
      node.again !== null && !course.told && ended.again === 'on-failure' && node.again.exitCodes === null;
    const isFailure = ended.outcome === 'failed' || ended.outcome === 'timed_out';
    const used = node.again?.attempts ?? null;
    // (Whether its time to become ready was over is told in the tests by example.)
    const isFinal = node.kind === 'daemon' && (course.spawns === 0 || (node.ready !== null && !course.readyNow));
    if (isFailure && mayGoOn && !isFinal && (used === null || course.further < used) && !longUpAtEnd(course))
      this.#complain(`${node.id} ended with attempts left`);
    if (ended.outcome === 'succeeded' && node.ready !== null && !course.readyNow && !course.told)
      this.#complain(`${node.id} succeeded and was never ready`);
    if (course.spawns > 0 && (ended.attempts ?? 1) < course.spawns)
      this.#complain(`${node.id} had ${course.spawns} attempts, and says ${ended.attempts ?? 1}`);
    this.#hear(
      this.#schedule.ended(
        { node: node.id, outcome: ended.outcome, ignoreFailure: node.onFailure === 'ignore' },
        this.#now,
      ),
    );
  }

  // ---- At the end ----

  #judge(): void {
    if (this.#over !== 1) this.#complain(`the end was told ${this.#over} times`);
    for (const id of this.#nodes.keys()) if (!this.#outcomes.has(id)) this.#complain(`${id} never ended`);
    for (const { machine, alive, node } of this.#courses.values()) {
      if (machine.nextDeadline() !== null) this.#complain(`${node.id} still waits for a time`);
      if (alive) this.#complain(`${node.id} still runs`);
    }
    if (this.#schedule.nextDeadline() !== null) this.#complain('the schedule still waits for a time');
  }

  #note(id: NodeId, outcome: Outcome): void {
    if (this.#outcomes.has(id)) this.#complain(`${id} ended twice`);
    this.#outcomes.set(id, outcome);
  }

  #account(): Account {
    const odd = this.#random();
    return {
      unflushed: odd < 0.05,
      inputBrokeOff: odd > 0.95,
      outputClosed: null,
      toldEnd: odd > 0.4 && odd < 0.6,
      held: 0,
    };
  }

  #pick<T>(among: readonly T[]): T {
    return among[Math.floor(this.#random() * among.length)] as T;
  }

  #upTo(ms: number): number {
    return Math.round(this.#random() * ms);
  }

  #in(ms: number, what: () => void): void {
    this.#due.push({ at: this.#now + ms, what });
  }

  /** Within so long, unless the attempt is over by then. */
  #later(course: Course, ms: number, what: () => void): void {
    const { life } = course;
    this.#in(this.#upTo(ms), () => {
      if (course.life === life && course.ended === null) what();
    });
  }

  #complain(what: string): void {
    this.#complaints.push(what);
  }
}

const MOST_STEPS = 20_000;

function longUpAtEnd({ exit }: Course): boolean {
  return exit !== null && exit.since > 0 && exit.at - exit.since >= 60_000;
}
