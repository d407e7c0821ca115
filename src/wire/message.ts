// What the two ends of the socket say to each other: the numbers, flags, limits and JSON bodies of docs/protocol.md.
// The bytes of each frame are in frame.ts (reading) and writer.ts (writing).

export const PROTOCOL = 1;

/** The frames. `GOODBYE` goes both ways; below 64 the client speaks, from 64 on the broker. */
export const Type = {
  HELLO: 1,
  GOODBYE: 2,
  PUT: 3,
  WANT: 4,
  UNWANT: 5,
  GET: 6,
  UNGET: 7,
  TAKEN: 8,
  DONE: 9,
  GIVE_BACK: 10,
  CLOSE: 11,
  GIVE_ROOM: 12,
  JOIN: 13,
  STAT: 14,
  FLUSH: 15,
  ACQUIRE: 16,
  RELEASE: 17,
  CANCEL: 18,
  PUT_PRIORITY: 19,
  OFFER: 20,
  SHUT: 21,
  STUCK: 22,
  LANE_READY: 23,
  HAND_OVER: 24,
  LANE_CLOSED: 25,
  LANE_LEFT: 26,
  READY: 30,
  OUTPUT: 31,
  WATCH: 32,
  TERMINATE: 33,
  FINISH: 34,
  AREA_READY: 38,
  LEAVE_AREA: 39,
  WELCOME: 64,
  ERROR: 65,
  ROOM: 66,
  DELIVER: 67,
  REDELIVER: 68,
  END: 69,
  BROKEN: 70,
  GRANTED: 71,
  REPLY: 72,
  REFUSED: 73,
  WITHDRAWN: 74,
  RECALL: 75,
  DEAD: 76,
  ASK: 77,
  LANE: 78,
  LANE_GO: 79,
  LANE_STOP: 80,
  LANE_MAP: 81,
  PAUSED: 89,
  AREA: 90,
  FREED: 91,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

/** What flags say, by the frame that carries them. */
export const Flag = {
  NONE: 0,
  /** `WANT`, `ACQUIRE`: answer at once. */
  TRY: 1,
  /** `RELEASE`: nothing is to be answered unless it is refused. */
  QUIET: 1,
  /** `ACQUIRE`: of a readers-writer lock, to read only. */
  READ: 2,
  /** `ACQUIRE`: the client can borrow it. `GRANTED` flag 2: it is lent. */
  BORROW: 4,
  LENT: 2,
  /** `GET`: the program waits and has nothing to read. */
  WAITING: 1,
  /** `END`: a producer failed. */
  BROKE: 1,
  /** `GRANTED`: the last owner died holding it. */
  ABANDONED: 1,
  /** `REFUSED`: not ever, the queue is closed for this session. */
  NEVER: 1,
  /** `WITHDRAWN`: answers `UNWANT`, not `UNGET`. */
  PUTS: 1,
  /** `RECALL`: give back room, not items. */
  ROOM: 1,
  /** `PUT`, `OFFER`: at the left end of a deque. */
  LEFT: 1,
  /** `GET`, `DELIVER`, `REDELIVER`: from the right end of a deque. */
  RIGHT: 2,
  /** `PUT`, `PUT_PRIORITY`, `DELIVER`, `REDELIVER`: the item lies in shared memory, and what stands for it is here. */
  ASIDE: 4,
  /** `AREA`: it may be written to; it is gone. */
  LENT_AREA: 1,
  GONE: 2,
  /** `STUCK`: nothing but the broker could wake it. */
  STUCK: 1,
  /** `STUCK`: nothing but what other processes of its instance do could. */
  CHILD: 2,
  /** `LANE`: listen for the other end; without it, connect to it. `LANE_STOP`, to who listens: the other end is gone. */
  LISTEN: 1,
  /** `LANE_READY`: no lane can be had. */
  NO_LANE: 1,
  /** `WATCH`: answer once it has ended. */
  WAIT: 1,
  /** `TERMINATE`: at once. */
  KILL: 1,
  /** `HAND_OVER`: the other end of the lane has them; its program has taken them. */
  SENT: 1,
  TAKEN: 2,
} as const;

export const Limit = {
  /** The longest `length` of a frame with more than one item, or none. */
  LENGTH: 4 + 16 * 1024 * 1024,
  /** The largest single item. */
  ITEM: 1024 * 1024 * 1024,
  /** The longest body of an `OUTPUT`. */
  OUTPUT: 1024 * 1024,
  /** Unix-domain socket paths; longer ones are cut short silently by the system. */
  SOCKET_PATH: 103,
  /** How long the broker waits for `HELLO`. */
  HELLO_MS: 5000,
  /** How long a client tries to connect. */
  CONNECT_MS: 5000,
} as const;

export type ErrorCode = 'protocol' | 'version' | 'identity' | 'not-granted' | 'limit' | 'not-held' | 'broken' | 'unfit';

export interface Hello {
  readonly protocol: number;
  readonly instance: string;
  readonly token: string;
  readonly pid: number;
  readonly sdk: string;
  /** The program made this process for itself (it was forked, or a pool started it), and may end it without a goodbye. */
  readonly child?: boolean;
  /** It can put and take over a direct lane. */
  readonly lanes?: boolean;
  /** It keeps time limits, and wants to know when the run was paused. */
  readonly pauses?: boolean;
  /** It can lay items down in shared memory, and pick them up there. */
  readonly areas?: boolean;
  /** It is a command of a shell script, which cannot tell a stream that broke from one that ended. */
  readonly shell?: boolean;
}

export interface Welcome {
  readonly protocol: number;
  readonly run: string;
  readonly channels: readonly WelcomeChannel[];
  /** The names it may set. */
  readonly outputs?: readonly string[];
  /** The instances it may watch and terminate. */
  readonly controls?: readonly string[];
}

export type WelcomeChannel = WelcomeQueue | WelcomePipe | WelcomeLock;

export interface WelcomeQueue extends WelcomeLine {
  readonly kind: 'queue';
}

/** An end of a pipe, spoken to as a queue: what is put there the other end gets. */
export interface WelcomePipe extends WelcomeLine {
  readonly kind: 'pipe';
}

/** What has items that are put and got. */
export interface WelcomeLine {
  readonly id: number;
  readonly name: string;
  readonly puts: boolean;
  readonly gets: boolean;
  readonly encoding: 'json' | 'text' | 'bytes' | 'pickle';
  readonly order: 'fifo' | 'lifo' | 'priority' | 'deque';
  readonly overflow: 'block' | 'drop_oldest' | 'drop_newest' | 'fail';
  /** 0: no limit. */
  readonly maxsize: number;
  readonly maxBytes: number;
  readonly confirm: boolean;
  readonly delivery: 'at-least-once' | 'at-most-once';
  /** It looks at its items: they are put by `OFFER`. */
  readonly judged: boolean;
}

/** Whether a client may ask for more than its program waits for. Where it makes a difference what is next at the moment of the get, it may not. */
export function mayReadAhead({ order, overflow }: Pick<WelcomeQueue, 'order' | 'overflow'>): boolean {
  return order === 'fifo' && (overflow === 'block' || overflow === 'fail');
}

export interface WelcomeLock {
  readonly id: number;
  readonly name: string;
  readonly kind: 'lock';
  readonly lock: 'mutex' | 'semaphore' | 'rw';
  /** The SDK counts how often its owner has taken it. */
  readonly reentrant: boolean;
  /** false: grants of other sessions may be given back too. */
  readonly owned: boolean;
}

export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  /** The request that was refused; without it the session is closed. */
  readonly request?: number;
  /** `unfit`: where in the item, as a JSON pointer, and why it does not fit. */
  readonly path?: string;
  readonly reason?: string;
}

/** `OUTPUT`: what a process tells those who need it. */
export interface OutputBody {
  readonly name: string;
  readonly value: unknown;
}

/** `WATCH`, `TERMINATE`: which instance is meant. */
export interface ProcessBody {
  readonly process: string;
}

/** The answer to `WATCH`. */
export interface ProcessState {
  /** Of its last attempt; null where it has not started. */
  readonly pid: number | null;
  /** It has started, and not ended for good. */
  readonly alive: boolean;
  /** N, or -N where signal N ended it; null where it has not ended, or never ran. */
  readonly exitcode: number | null;
}

/** `DEAD`: the items of the next delivery were never done in another queue. */
export interface Dead {
  readonly queue: string;
  readonly reason: string;
  readonly attempts: number;
}

/** `LANE`: where the two ends of a direct lane meet, and what the one that connects says first. */
export interface LaneBody {
  readonly path: string;
  readonly key: string;
}

/** `AREA`: a part of shared memory, by its number, and how it is opened. Of one that is gone there is only the number. */
export interface AreaBody {
  readonly area: number;
  /** How much of it may be written to. */
  readonly bytes?: number;
  readonly path?: string;
  /** What is opened there has to be. */
  readonly device?: number;
  readonly inode?: number;
}

/** `LANE_CLOSED`: what went over a lane in all, as far as the end that closed it knows. */
export interface LaneClosed {
  readonly put: number;
  /** How many of these were wholly sent to the other end. */
  readonly sent: number;
  readonly taken: number;
  readonly done: number;
  /** The most that ever waited on it. */
  readonly peak: number;
}

/** `LANE_LEFT`: what the program of the one that takes had taken and done of a lane, by the numbers there, when it left. */
export interface LaneLeft {
  readonly taken: number;
  readonly done: readonly (readonly [first: number, count: number])[];
}

/**
 * `LANE_MAP`: the lane is closed, and what is not done of it is the broker's again. The items of `ranges` (their numbers on the
 * lane, from 0) are delivered and have the tags that come next, in this order: what was taken of them is to be said again.
 */
export interface LaneMap {
  readonly sent: number;
  readonly ranges: readonly (readonly [first: number, count: number])[];
}

/** The answer to `STAT`. */
export interface Stat {
  /** How many items wait. */
  readonly size: number;
  /** How many more it would admit now; -1 for no limit. */
  readonly room: number;
  /** Put and not yet done. */
  readonly unfinished: number;
  readonly closed: boolean;
}
