// The machine that watches who waits. It is shown how the connections stand every now and then; those that may be in a deadlock it
// has asked whether anything else could wake them, then the runner whether anything else of them runs. Only when all of that was
// answered, and nobody of them has stirred meanwhile, is it a deadlock. What is less certain is told as stalled, once.
import type { NodeId } from '../plan/plan.ts';
import type { WaitFact } from '../run/event.ts';
import type { Outlook, Suspect } from './suspicion.ts';
import { type Connected, ownWaits, type Sight, signOf, type Stance, type Waker } from './sight.ts';
import { STALLED_MS, Stalled } from './stalled.ts';
import { Stillness } from './stillness.ts';
import { factsOf } from './wait-facts.ts';
import { type Blocked, type Cause, causeAt, circleIn, closedSetOf, throughWorkers } from './waits.ts';

export type VigilEffect =
  | { readonly do: 'ask'; readonly session: number }
  | {
      readonly do: 'inspect';
      readonly request: number;
      readonly suspects: readonly Suspect[];
      readonly absent: readonly NodeId[];
    }
  | { readonly do: 'deadlock'; readonly circle: readonly NodeId[]; readonly waits: readonly WaitFact[] }
  | { readonly do: 'stalled'; readonly waits: readonly WaitFact[] };

export interface VigilSettings {
  /** How long a closed set must not have stirred; 0: nobody is asked. */
  readonly deadlockMs: number;
  /** They may wait for something to do as long as they like. */
  readonly daemons: readonly NodeId[];
  /** They may wait at a pipe of the kernel's, and nobody says so. */
  readonly piped?: readonly NodeId[];
}

export class Vigil {
  readonly #deadlockMs: number;
  readonly #daemons: ReadonlySet<NodeId>;
  readonly #piped: ReadonlySet<NodeId>;
  readonly #still = new Stillness();
  readonly #asked = new Map<number, { readonly at: number; readonly moves: number; open: boolean }>();
  /** What alone could wake a session, as long as it has stirred no more often than this. */
  readonly #proved = new Map<number, { readonly moves: number; readonly by: Waker }>();
  #inspection: { readonly request: number; readonly signs: ReadonlyMap<NodeId, string> } | null = null;
  #inspections = 0;
  #inspectedAt = Number.NEGATIVE_INFINITY;
  readonly #stalled: Stalled;
  #over = false;

  constructor({ deadlockMs, daemons, piped = [] }: VigilSettings) {
    this.#deadlockMs = deadlockMs;
    this.#daemons = new Set(daemons);
    this.#piped = new Set(piped);
    this.#stalled = new Stalled(this.#still, this.#daemons);
  }

  /** To be called again after `nextMs`, or, where that is null, once something has been said. */
  look(sight: Sight, now: number): { readonly effects: VigilEffect[]; readonly nextMs: number | null } {
    this.#compare(sight, now);
    if (this.#over || sight.waits.length === 0) return { effects: [], nextMs: null };
    const suspicion = this.#suspect(sight, now);
    const effects = [
      ...this.#ask(suspicion, now),
      ...this.#inspect(suspicion, now),
      ...this.#tellStalled(this.#stalled.news(suspicion, now)),
    ];
    return { effects, nextMs: this.#nextLook(suspicion, now) };
  }

  /** A session that was asked says what alone could wake it; null: there is more. */
  answered(session: number, by: Waker | null, sight: Sight, now: number): VigilEffect[] {
    const asked = this.#asked.get(session);
    if (asked === undefined || !asked.open) return [];
    asked.open = false;
    if (by === null) {
      this.#proved.delete(session);
      return [];
    }
    this.#proved.set(session, { moves: asked.moves, by });
    // Whoever has not answered by the next look is left out.
    if ([...this.#asked.values()].some(({ open }) => open)) return [];
    this.#compare(sight, now);
    return this.#inspect(this.#suspect(sight, now), now);
  }

  /** What the runner found of those it was to inspect. Counts as long as they have not stirred since. */
  inspected(request: number, outlook: Outlook, sight: Sight, now: number): VigilEffect[] {
    const inspection = this.#inspection;
    if (inspection?.request !== request || this.#over) return [];
    this.#inspection = null;
    this.#compare(sight, now);
    const suspicion = this.#suspect(sight, now);
    const blocked = new Map<NodeId, readonly Cause[]>();
    const ours = [...suspicion.blocked.keys()].filter((node) => suspicion.nodes.get(node)?.stance.state === 'ours');
    for (const node of [...outlook.passive, ...ours]) {
      const { causes, stance } = suspicion.nodes.get(node) ?? NOBODY;
      const pipes = (outlook.pipes ?? []).filter((pipe) => pipe.node === node).map(causeAt);
      if (stance === null || signOf(stance) !== inspection.signs.get(node)) continue;
      // Nobody knows what such a one waits for.
      if (causes.length + pipes.length === 0) continue;
      const ways = outlook.ways.filter((way) => way.node === node).map(({ by }) => by);
      blocked.set(node, [...causes, ...pipes, ...(ways.length === 0 ? [] : [wayOut(ways)])]);
    }
    for (const { node, does, channel = null, on, named, queues } of outlook.pending) {
      const helpers = new Set([...on, ...queues.flatMap((queue) => [...sight.movers(queue)])]);
      blocked.set(node, [{ does, channel, helpers, ...(named === undefined ? {} : { named: new Set(named) }) }]);
    }
    const closed = closedSetOf(blocked);
    if (!this.#matters(closed, blocked, suspicion)) return [];
    this.#over = true;
    const circle = circleIn(blocked, closed);
    const order = [...circle, ...[...closed].filter((node) => !circle.includes(node))];
    const waits = order.flatMap((node) => {
      const stillMs = this.#still.of(suspicion.nodes.get(node)?.stance ?? null, now);
      // Of what has no part that could stir it is not known.
      const forMs = Number.isFinite(stillMs) ? stillMs : this.#still.ofRun(now);
      return factsOf(node, blocked.get(node) ?? [], forMs, this.#daemons);
    });
    return [{ do: 'deadlock', circle, waits }];
  }

  /** The run is interrupted: who has waited for a while is told, if anybody has. */
  interrupted(sight: Sight, now: number): VigilEffect[] {
    if (this.#over) return [];
    this.#compare(sight, now);
    return this.#tellStalled(this.#stalled.since(LONG_MS, this.#suspect(sight, now), now));
  }

  // ---- Parts ----

  #compare(sight: Sight, now: number): void {
    for (const session of this.#still.compare(sight, now)) {
      this.#asked.delete(session);
      this.#proved.delete(session);
    }
  }

  /** Who may be in a deadlock, as far as it can be seen without asking anybody. */
  #suspect(sight: Sight, now: number): Suspicion {
    const waits = new Map<number, Cause[]>();
    for (const { session, cause } of sight.waits) {
      const causes = waits.get(session);
      if (causes === undefined) waits.set(session, [cause]);
      else causes.push(cause);
    }
    const nodes = new Map<NodeId, Standing>();
    const blocked = new Map<NodeId, readonly Cause[]>();
    const silent = new Set<NodeId>();
    let isYoung = false;
    for (const stance of sight.stances) {
      const { node, after = [], works = [] } = stance;
      const { own, wired } = ownWaits(stance, waits);
      const causes = works.length === 0 ? own : own.map((cause) => throughWorkers(cause, node, works));
      if (after.length > 0) causes.push({ does: 'start', channel: null, helpers: new Set(after) });
      if (works.length > 0) causes.push({ does: 'work', channel: null, helpers: new Set(works) });
      nodes.set(node, { stance, causes, wired });
      if (stance.state === 'absent') blocked.set(node, []);
      else if (stance.state === 'driven') continue;
      else if (causes.length === 0) {
        if (stance.state === 'present' && this.#piped.has(node)) silent.add(node);
      } else if (this.#still.of(stance, now) >= this.#deadlockMs) blocked.set(node, causes);
      else isYoung = true;
    }
    const closed = closedSetOf(blocked);
    if (silent.size === 0) return { nodes, waits, blocked, isYoung, silent, closed, perhaps: closed };
    for (const node of silent) blocked.set(node, []);
    return { nodes, waits, blocked, isYoung, silent, closed, perhaps: closedSetOf(blocked) };
  }

  #ask({ nodes, waits, perhaps }: Suspicion, now: number): VigilEffect[] {
    if (this.#deadlockMs === 0) return [];
    const effects: VigilEffect[] = [];
    for (const node of perhaps) {
      const { stance } = nodes.get(node) ?? NOBODY;
      if (stance?.state !== 'present') continue;
      const again = againMs(this.#still.of(stance, now));
      for (const connected of stance.sessions) {
        const { session, moves } = connected;
        const asked = this.#asked.get(session);
        if (this.#isStuck(connected, waits)) continue;
        if (asked !== undefined && (asked.open || (asked.moves === moves && asked.at + again > now))) continue;
        this.#asked.set(session, { at: now, moves, open: true });
        effects.push({ do: 'ask', session });
      }
    }
    return effects;
  }

  /** Once enough of them are proved to be stuck, the runner is to say what else there is of them. */
  #inspect({ nodes, waits, blocked, silent, perhaps }: Suspicion, now: number): VigilEffect[] {
    if (this.#deadlockMs === 0 || this.#inspection !== null || perhaps.size === 0) return [];
    const proved = new Map(
      [...perhaps].flatMap((node) => {
        const { stance } = nodes.get(node) ?? NOBODY;
        const sure = stance !== null && (stance.state !== 'present' || this.#pidsOf(stance, waits) !== null);
        return sure ? [[node, blocked.get(node) ?? []] as const] : [];
      }),
    );
    const stuck = closedSetOf(proved);
    const suspects = [...stuck].flatMap((node) => {
      const found = nodes.get(node);
      return found === undefined || found.stance.state === 'absent' ? [] : [found];
    });
    const processes = suspects.filter(({ stance }) => stance.state !== 'ours');
    const known = processes.filter(({ stance }) => !silent.has(stance.node));
    const age = Math.max(...known.map(({ stance }) => this.#still.of(stance, now)));
    if (known.length === 0 || this.#inspectedAt + againMs(age) > now) return [];
    this.#inspectedAt = now;
    this.#inspections += 1;
    const request = this.#inspections;
    this.#inspection = { request, signs: new Map(suspects.map(({ stance }) => [stance.node, signOf(stance)])) };
    return [
      {
        do: 'inspect',
        request,
        suspects: processes.map(({ stance, wired }) => {
          return {
            node: stance.node,
            pids: this.#pidsOf(stance, waits) ?? [],
            wired: wired && !silent.has(stance.node),
          };
        }),
        absent: [...stuck].filter((node) => nodes.get(node)?.stance.state === 'absent'),
      },
    ];
  }

  /** Its processes that are stuck; null where one of them, which waits, may be woken by something else. */
  #pidsOf(stance: Stance, waits: ReadonlyMap<number, readonly Cause[]>): number[] | null {
    const pids = new Set<number>();
    const others = new Set<number>();
    for (const connected of stance.sessions) {
      const stuck = this.#isStuck(connected, waits);
      if (waits.has(connected.session) && !stuck) return null;
      (stuck ? pids : others).add(connected.pid);
    }
    return [...pids].some((pid) => others.has(pid)) ? null : [...pids];
  }

  /** It waits for the broker, or for a process of its own tree, which the runner looks at, and for nothing else. */
  #isStuck({ session, moves }: Connected, waits: ReadonlyMap<number, readonly Cause[]>): boolean {
    const proof = this.#proved.get(session);
    return proof?.moves === moves && proof.by === (waits.has(session) ? 'broker' : 'child');
  }

  /** Daemons that have nothing to do are no deadlock, and what has not started is none by itself. */
  #matters(closed: ReadonlySet<NodeId>, blocked: Blocked, { nodes }: Suspicion): boolean {
    return [...closed].some((node) => {
      const stance = nodes.get(node)?.stance;
      if (stance === undefined || stance.state === 'absent' || stance.state === 'ours') return false;
      return !this.#daemons.has(node) || (blocked.get(node) ?? []).some(({ does }) => does !== 'get');
    });
  }

  #tellStalled(waits: readonly WaitFact[]): VigilEffect[] {
    return waits.length === 0 ? [] : [{ do: 'stalled', waits }];
  }

  #nextLook({ nodes, isYoung, silent, perhaps }: Suspicion, now: number): number | null {
    const isSuspect = (node: NodeId) => !silent.has(node) && nodes.get(node)?.stance.state !== 'absent';
    if (isYoung || [...perhaps].some(isSuspect)) return LOOK_MS;
    const quietMs = this.#still.ofRun(now);
    if (quietMs <= this.#deadlockMs + LOOK_MS) return LOOK_MS;
    return quietMs < STALLED_MS ? STALLED_MS - quietMs : null;
  }
}

interface Standing {
  readonly stance: Stance;
  readonly causes: readonly Cause[];
  /** These are of its streams. */
  readonly wired: boolean;
}

interface Suspicion {
  readonly nodes: ReadonlyMap<NodeId, Standing>;
  readonly waits: ReadonlyMap<number, readonly Cause[]>;
  readonly blocked: Blocked;
  /** One of those who wait has not been still for long enough yet. Not every wait is said to a channel, and so a turn. */
  readonly isYoung: boolean;
  /** Those that may wait at a pipe of the kernel's, as they wait for nothing else. */
  readonly silent: ReadonlySet<NodeId>;
  /** Without these, and with them. */
  readonly closed: ReadonlySet<NodeId>;
  readonly perhaps: ReadonlySet<NodeId>;
}

const NOBODY = { stance: null, causes: [] };
const LOOK_MS = 100;
/** What is worth a word when a run is interrupted. */
const LONG_MS = 3000;

/** Whoever has been asked in vain is asked again, and the longer it has waited the less often. */
function againMs(stillMs: number): number {
  return Math.min(2000, Math.max(250, stillMs / 20));
}

/** It waits for none of them, so that they are not named. */
function wayOut(by: readonly NodeId[]): Cause {
  return { does: 'stop', channel: null, helpers: new Set(by), named: new Set() };
}
