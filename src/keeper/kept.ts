// One process that the keeper starts, from the order to the last word on it: what is said of it, and what is heard.
import { constants, openSync } from 'node:fs';

/** A step on the way to the program, and the number of the system's error there; `cancel`: it was not wanted any more. */
export interface Failure {
  readonly step: string;
  readonly errno: number;
}

export interface Kept {
  readonly pid: number;
  /** As `wait` gives it: the signal, or 256 times the exit code. */
  readonly exited: Promise<number>;
  /** Settles with who was killed, once nothing of its tree is left. */
  readonly emptied: Promise<readonly number[]>;
  readonly stdout: Printed;
  readonly stderr: Printed;
  /** To its group, or to all of its tree, wherever that has moved to. */
  signal(number: number, scope: 'group' | 'tree'): void;
  /** Kills what its leader has left. */
  empty(): void;
  /** Gives it the terminal again, and wakes it. */
  foreground(): void;
}

/** What it prints into one of its pipes. The keeper tells it, or has the runner open the pipe. */
export interface Printed {
  /** Hands on what is told, from the beginning, and the pipe, where it is to be read here from then on. Called once. */
  follow(listener: PrintedListener): void;
}

export interface PrintedListener {
  readonly told: (bytes: Buffer) => void;
  readonly opened: (fd: number) => void;
}

export type Say = (word: string, ...more: string[]) => void;

export class Entry implements Kept {
  readonly started: Promise<Kept | Failure>;
  readonly exited: Promise<number>;
  readonly emptied: Promise<readonly number[]>;
  readonly stdout: Pipe;
  readonly stderr: Pipe;
  pid = 0;
  readonly #say: Say;
  #onStarted!: (outcome: Kept | Failure) => void;
  #onExited!: (status: number) => void;
  #onEmptied!: (killed: readonly number[]) => void;

  constructor(say: Say) {
    this.#say = say;
    this.stdout = new Pipe('1', say);
    this.stderr = new Pipe('2', say);
    this.started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
    this.exited = new Promise((resolve) => {
      this.#onExited = resolve;
    });
    this.emptied = new Promise((resolve) => {
      this.#onEmptied = resolve;
    });
  }

  /** Answers whether that was the last word on it. */
  hear(word: string, fields: readonly string[], bytes: Buffer): boolean {
    const [first = '', second = ''] = fields;
    switch (word) {
      case 'started': {
        const [, owner = '', stdout = '', stderr = ''] = fields;
        this.pid = Number(first);
        if (stdout !== '') this.stdout.open(owner, stdout);
        if (stderr !== '') this.stderr.open(owner, stderr);
        this.#onStarted(this);
        return false;
      }
      case 'printed':
        this.#pipe(first).tell(bytes);
        return false;
      case 'pipe':
        this.#pipe(first).open(second, fields[2] ?? '');
        return false;
      case 'failed':
        this.#onStarted({ step: first, errno: Number(second) });
        return true;
      case 'exited':
        this.#onExited(Number(first));
        if (second === '1') this.#onEmptied([]);
        return second === '1';
      case 'emptied':
        this.#onEmptied(fields.map(Number));
        return true;
      default:
        return false;
    }
  }

  /** Nobody will say anything of it any more. */
  giveUp(): void {
    this.#onStarted({ step: 'keeper', errno: 0 });
    this.#onExited(KILLED);
    this.#onEmptied([]);
  }

  signal(number: number, scope: 'group' | 'tree'): void {
    this.#say('signal', `${number}`, scope);
  }

  empty(): void {
    this.#say('empty');
  }

  foreground(): void {
    this.#say('foreground');
  }

  #pipe(stream: string): Pipe {
    return stream === '2' ? this.stderr : this.stdout;
  }
}

/** It is told here, or opened here by the name that /proc gives it where it is held for us. */
class Pipe implements Printed {
  readonly #stream: string;
  readonly #say: Say;
  #listener: PrintedListener | null = null;
  /** What came before anybody listened. */
  #early: Buffer[] = [];
  #fd: number | null = null;

  constructor(stream: string, say: Say) {
    this.#stream = stream;
    this.#say = say;
  }

  follow(listener: PrintedListener): void {
    this.#listener = listener;
    for (const bytes of this.#early) listener.told(bytes);
    this.#early = [];
    if (this.#fd !== null) listener.opened(this.#fd);
  }

  tell(bytes: Buffer): void {
    if (this.#listener) this.#listener.told(bytes);
    else this.#early.push(bytes);
  }

  open(owner: string, fd: string): void {
    try {
      this.#fd = openSync(`/proc/${owner}/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // No more files can be opened here. Else: whoever held it is gone, and the process with it.
      if (code === 'EMFILE' || code === 'ENFILE') return this.#say('untaken', this.#stream);
      return this.#say('took', this.#stream);
    }
    this.#say('took', this.#stream);
    this.#listener?.opened(this.#fd);
  }
}

const KILLED = 9;
