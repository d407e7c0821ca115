// The machine of `slots`: who of those whose needs hold starts now, and who waits in line. What is tied together takes its slots
// together; nothing is started that could keep what runs from its end; and whoever is first in line is overtaken only by
// those who could start anyway before it can. Who rests meanwhile has none, and comes back through the same line.
import type { Standing } from '../plan/foresight.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { isProcess } from '../plan/node-kind.ts';
import { areFree, type Ties, tiesOf, type Unit } from '../plan/ties.ts';
import type { WaitFact } from './event.ts';
import { type Entry, type Lack, LineWatch, LONG_MS, SlotsLine } from './slots-line.ts';
import { Parties } from './slots-parties.ts';
import { change, SlotsRoom } from './slots-room.ts';

/** Those of one list start together. */
export type Granted = Pick<Entry, 'nodes' | 'again'>;

export class Slots {
  readonly #ties: Ties;
  readonly #standing: Standing;
  /** By unit, as in `Presence`. */
  readonly #touched: Uint8Array;
  readonly #away: Int32Array;
  readonly #most: number;
  #free: number;
  /** To items, until their processes end. */
  #lent = 0;
  /** How many run that take a slot. */
  #busy = 0;
  readonly #line = new SlotsLine();
  readonly #watch = new LineWatch();
  readonly #running = new Set<NodeId>();
  /** They have begun, and do nothing for now; in line or not. */
  readonly #resting = new Set<NodeId>();
  readonly #parties: Parties;
  readonly #room: SlotsRoom;

  constructor(plan: Plan) {
    this.#ties = tiesOf(plan);
    const { units } = this.#ties;
    this.#most = plan.slots ?? Number.POSITIVE_INFINITY;
    this.#free = this.#most;
    this.#standing = {
      open: Int32Array.from(units, ({ members }) => members.length),
      running: new Int32Array(units.length),
    };
    this.#touched = new Uint8Array(units.length);
    this.#away = new Int32Array(units.length);
    const pools = new Uint8Array(units.length);
    for (const node of plan.nodes) if (isProcess(node) && node.each !== null) pools[this.#unit(node.id).index] = 1;
    const presence = { standing: this.#standing, touched: this.#touched, away: this.#away, pools };
    this.#parties = new Parties(this.#ties, this.#line, presence);
    this.#room = new SlotsRoom(this.#ties, this.#standing, this.#most);
  }

  /** What these need holds: they go to the end of the line. */
  due(nodes: readonly NodeId[], now: number): void {
    const [first] = nodes as readonly [NodeId, ...NodeId[]];
    const unit = this.#unit(first);
    const again = this.#resting.has(first);
    if (again) change(this.#away, unit, -1);
    this.#line.join(nodes, unit, again, now);
  }

  /** A join waits, or a sub-pipeline has begun. */
  begun(id: NodeId): void {
    this.#running.add(id);
    this.#move(this.#unit(id), 1);
  }

  /** Whatever it was doing, it does no more, and never will. */
  ended(id: NodeId): void {
    const unit = this.#unit(id);
    this.withdraw(id);
    if (this.#resting.delete(id)) change(this.#away, unit, -1);
    else this.#giveBack(id);
    change(this.#standing.open, unit, -1);
    this.#touched[unit.index] = 1;
  }

  /**
   * It runs no more for now, and will be `due` again, or end. False where it keeps what it has: where it is not known how all that it is
   * tied to could end, nothing is risked.
   */
  rests(id: NodeId): boolean {
    const unit = this.#unit(id);
    if (this.#room.isDark(unit) || !this.#running.has(id)) return false;
    this.#giveBack(id);
    this.#resting.add(id);
    change(this.#away, unit, 1);
    return true;
  }

  /** It does not want to come back any more, and is still to end. */
  withdraw(id: NodeId): void {
    if (this.#line.leave(id)?.again) change(this.#away, this.#unit(id), 1);
  }

  /**
   * For one more item of an `each` whose processes end by themselves: only where nobody waits in line, so that items that follow each
   * other keep nobody from starting.
   */
  lend(id: NodeId): boolean {
    const unit = this.#unit(id);
    if (this.#line.size > 0 || this.#free <= 0) return false;
    change(this.#standing.running, unit, 1);
    if (this.#ties.circles[unit.index] && !this.#room.isDark(unit) && !this.#room.canEnd(this.#standing, new Set())) {
      change(this.#standing.running, unit, -1);
      return false;
    }
    this.#free -= 1;
    this.#lent += 1;
    return true;
  }

  regain(id: NodeId): void {
    change(this.#standing.running, this.#unit(id), -1);
    this.#free += 1;
    this.#lent -= 1;
  }

  /** Who starts now, in order; those of one list together. */
  grant(): Granted[] {
    const granted: Granted[] = [];
    for (let more = true; more; ) {
      more = false;
      const failed = new Set<Unit>();
      // Locks that somebody waits for who came before.
      const claimed = new Set<string>();
      // Slots are kept for somebody who came before.
      let isKept = false;
      for (const entry of this.#line) {
        const isFull = isKept || this.#free <= 0;
        if (isFull && !this.#line.hasLight) break;
        if (failed.has(entry.unit) || (entry.count > 0 && isFull)) continue;
        if (entry.unit.holds.some(({ lock }) => claimed.has(lock))) continue;
        const party = this.#parties.of(entry);
        if (party === null) failed.add(entry.unit);
        else if (this.#room.fits(party, this.#standing, this.#free)) {
          granted.push(...this.#start(party));
          more = failed.size > 0;
        } else if (!this.#room.haveLocks(party, this.#standing)) {
          failed.add(entry.unit);
          for (const { unit } of party) for (const { lock } of unit.holds) claimed.add(lock);
        } else {
          if (!isKept && this.#fitsLater(party)) {
            isKept = true;
            for (const { unit } of party) for (const { lock } of unit.holds) claimed.add(lock);
          }
          failed.add(entry.unit);
        }
      }
    }
    // What is lent comes back.
    const settled = granted.length > 0 || this.#line.size === 0 || this.#free <= 0 || this.#lent > 0;
    return settled ? granted : this.#startAny();
  }

  /** It runs, or has and will. */
  isUnderWay(id: NodeId): boolean {
    return this.#running.has(id) || this.#resting.has(id);
  }

  isResting(id: NodeId): boolean {
    return this.#resting.has(id);
  }

  /** It stands in line to begin, with these. */
  inLineWith(id: NodeId): readonly NodeId[] | null {
    const entry = this.#line.entryOf(id);
    return entry === null || entry.again ? null : entry.nodes;
  }

  /** When `waits` may have something to say. */
  nextDeadline(): number | null {
    return this.#watch.deadlineFor(this.#line.first);
  }

  /** Who has stood in line for long; null where nobody has, or that was said not long ago. */
  waits(now: number): { readonly waits: readonly WaitFact[]; readonly behind: number } | null {
    if (!this.#watch.isDue(this.#line.first, now)) return null;
    const waits: WaitFact[] = [];
    for (const entry of this.#line) {
      if (waits.length === MOST_TOLD || now < entry.since + LONG_MS) break;
      waits.push(this.#factOf(entry, now));
    }
    return { waits, behind: this.#line.size - waits.length };
  }

  /** What it lacks to start; null where it does not stand in line. */
  lackOf(id: NodeId): Lack | null {
    const entry = this.#line.entryOf(id);
    if (entry === null) return null;
    const { unit } = entry;
    const rivals = unit.holds.flatMap(({ lock }) =>
      (this.#ties.holders.get(lock) ?? []).flatMap(({ members }) => members),
    );
    const before =
      this.#most === Number.POSITIVE_INFINITY ? rivals.filter((it) => this.#running.has(it)) : this.#running;
    return { ...this.#missedBy(entry), helpers: [...before, ...this.#matesOf(entry)] };
  }

  // ── parts ──

  /** Those who do not run, and are needed for it to get on. */
  #matesOf({ unit, nodes }: Entry): readonly NodeId[] {
    const mates = new Set([...unit.some.flat(), ...unit.feeders].map((index) => this.#ties.units[index] as Unit));
    if (unit.whole) mates.add(unit);
    return [...mates].flatMap(({ members }) => members.filter((it) => !this.#running.has(it) && !nodes.includes(it)));
  }

  #factOf(entry: Entry, now: number): WaitFact {
    const { channel, on } = this.#missedBy(entry);
    const forMs = Math.round(now - entry.since);
    return { node: entry.nodes[0] as NodeId, does: 'start', channel, forMs, on: on.slice(0, MOST_TOLD) };
  }

  /** A lock, a slot, or else those who have to be there, too. */
  #missedBy(entry: Entry): Omit<Lack, 'helpers'> {
    const { nodes, unit, count } = entry;
    const { running } = this.#standing;
    const withIt = ({ index }: Unit): number => (running[index] as number) + (index === unit.index ? nodes.length : 0);
    const lock = unit.holds.find((held) => !areFree(this.#ties, [held], withIt))?.lock ?? null;
    const units = lock === null ? this.#ties.units : (this.#ties.holders.get(lock) ?? []);
    const having = units
      .filter(({ takes, index }) => (lock !== null || takes === 1) && running[index] !== 0)
      .flatMap(({ members }) => members.filter((member) => this.#running.has(member)));
    const mates = lock === null && this.#free >= count ? this.#matesOf(entry) : [];
    const isFull = lock === null && this.#free < count;
    return { does: isFull ? 'slot' : 'start', channel: lock, on: mates.length > 0 ? mates : having };
  }

  /** Whether they could start once all have ended that can by themselves. */
  #fitsLater(party: ReadonlySet<Entry>): boolean {
    const { standing, busy } = this.#room.later(this.#standing);
    return this.#room.fits(party, standing, this.#most - busy);
  }

  /**
   * Where nothing that runs can end by itself it is not enough that nobody fits: first those who can start although their mates
   * cannot, and where nothing runs at all, better one that may not come to its end than none.
   */
  #startAny(): Granted[] {
    if (this.#busy > 0 && this.#room.later(this.#standing).busy < this.#busy) return [];
    const parties = [...this.#line].map((entry) => this.#parties.of(entry)).filter((party) => party !== null);
    const alone = parties.map(([entry]) => new Set([entry as Entry]));
    const chosen =
      alone.find((party) => this.#room.fits(party, this.#standing, this.#free)) ?? this.#atWorst(parties, alone);
    return chosen === undefined ? [] : this.#start(chosen);
  }

  /** No order is known in which all could end: that one has room is reason enough. */
  #atWorst(
    parties: readonly ReadonlySet<Entry>[],
    alone: readonly ReadonlySet<Entry>[],
  ): ReadonlySet<Entry> | undefined {
    if (this.#busy === 0)
      return [...parties, ...alone].find((it) => this.#hasRoomFor(it) && !this.#room.canEver(it, this.#standing));
    if (this.#room.canEnd(this.#standing, new Set())) return undefined;
    return alone.find((party) => [...party].every(({ again }) => again) && this.#hasRoomFor(party));
  }

  #hasRoomFor(party: ReadonlySet<Entry>): boolean {
    const count = [...party].reduce((sum, entry) => sum + entry.count, 0);
    return count <= this.#free && this.#room.haveLocks(party, this.#standing);
  }

  #start(party: ReadonlySet<Entry>): Granted[] {
    const inOrder = [...party].sort((a, b) => a.turn - b.turn);
    for (const { nodes, unit } of inOrder) {
      for (const id of nodes) {
        this.#running.add(id);
        this.#resting.delete(id);
        this.#line.leave(id);
      }
      this.#move(unit, nodes.length);
    }
    return inOrder;
  }

  #giveBack(id: NodeId): void {
    if (this.#running.delete(id)) this.#move(this.#unit(id), -1);
  }

  /** So many more of it run. */
  #move(unit: Unit, count: number): void {
    if (count > 0) this.#touched[unit.index] = 1;
    change(this.#standing.open, unit, -count);
    change(this.#standing.running, unit, count);
    this.#free -= count * unit.takes;
    this.#busy += count * unit.takes;
  }

  #unit(id: NodeId): Unit {
    const unit = this.#ties.of.get(id);
    if (unit === undefined) throw new Error(`Internal error: no node \`${id}\` in the plan`);
    return unit;
  }
}

/** Names beyond these say nothing more. */
const MOST_TOLD = 10;
