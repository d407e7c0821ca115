// What this process has asked of the broker and has no answer to: gives each request its number, and matches what comes back. Nothing
// may be asked before the welcome, so what is asked until then is kept. Those who only want to know that all they said was heard share
// one FLUSH, at the end of the next write.
import { type ErrorBody, Type } from '../wire/message.ts';
import type { Connection } from './connection.ts';
import { BrokenQueue, type Failure, ItemRefused, LockError, NotGranted } from './errors.ts';
import type { Request, Throng } from './throng.ts';

export class Requests {
  readonly #connection: Connection;
  readonly #open = new Map<number, Request>();
  /** Some may wait in them. */
  readonly #throngs = new Set<Throng>();
  #last = 0;
  /** What was asked before the welcome; null: it has come. */
  #early: Request[] | null = [];
  /** They wait for the next FLUSH, and are told why there is none. */
  #confirming: ((failure: Failure | null) => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Asks: with all else that is written in this turn. The program must not end before there is an answer. */
  make(request: Request): void {
    this.#connection.hold();
    if (this.#early === null) this.#send(request);
    else this.#early.push(request);
    this.#connection.wrote();
  }

  /** Told once the broker has worked through all that was written until now, or that it never will. */
  confirm(told: (failure: Failure | null) => void): void {
    this.#connection.hold();
    this.#confirming.push(told);
    this.#connection.wrote();
  }

  /** The broker has said welcome. */
  welcomed(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const request of early) this.#send(request);
    this.#connection.wrote();
  }

  /** All else is written that leaves with the next write. */
  settle(): void {
    if (this.#confirming.length === 0) return;
    const confirming = this.#confirming.splice(0);
    const tell = (failure: Failure | null) => {
      for (const told of confirming) told(failure);
    };
    // The request holds the program for all of them.
    for (const _ of confirming.slice(1)) this.#connection.letGo();
    this.#send({
      write: (request) => this.#connection.writer.number(Type.FLUSH, 0, request),
      answer: () => tell(null),
      fail: tell,
    });
  }

  /** Answers a request, if it is still open. */
  answer(number: number, value: unknown): void {
    this.#close(number)?.answer(value);
  }

  /** The broker refuses a request, if it is still open. */
  refuse(number: number, { code, message, path = '', reason = '' }: ErrorBody): void {
    const refused = this.#close(number);
    if (code === 'unfit') refused?.fail(() => new ItemRefused(message, path, reason));
    else refused?.fail(() => new (ERRORS[code] ?? Error)(message));
  }

  /** Nothing is answered any more. */
  fail(failure: Failure): void {
    const waiting = [...this.#throngs].flatMap((throng) => throng.clear());
    const open = [...this.#open.values(), ...waiting, ...(this.#early?.splice(0) ?? [])];
    this.#open.clear();
    for (const request of open) request.fail(failure);
    for (const told of this.#confirming.splice(0)) told(failure);
  }

  #send(request: Request): void {
    const { throng } = request;
    if (throng !== undefined && !throng.admit(request)) this.#throngs.add(throng);
    else if (!this.#sendAdmitted(request)) this.#sendNext(throng);
  }

  /** False: it is not to be sent after all. */
  #sendAdmitted(request: Request): boolean {
    const refusal = request.refusal?.() ?? null;
    if (refusal !== null) {
      this.#connection.letGo();
      request.fail(refusal);
      return false;
    }
    do this.#last = (this.#last + 1) % 0x100000000;
    while (this.#open.has(this.#last));
    this.#open.set(this.#last, request);
    request.write(this.#last);
    return true;
  }

  #close(number: number): Request | undefined {
    const request = this.#open.get(number);
    if (this.#open.delete(number)) this.#connection.letGo();
    this.#sendNext(request?.throng);
    return request;
  }

  #sendNext(throng: Throng | undefined): void {
    for (let next = throng?.next(); next !== undefined; next = throng?.next()) {
      if (this.#sendAdmitted(next)) return this.#connection.wrote();
    }
  }
}

const ERRORS: Readonly<Partial<Record<ErrorBody['code'], new (message: string) => Error>>> = {
  'not-granted': NotGranted,
  'not-held': LockError,
  broken: BrokenQueue,
};
