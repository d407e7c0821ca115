// What can come of a call that is nobody's mistake in the program's own text. Each class is exported by its name, and that
// name is also the `name` of its instances, so that they can be told apart across copies of this module.

/**
 * Makes the error of a call that failed. It is made where the call is awaited, so that its stack names the line that
 * called.
 */
export type Failure = () => Error;

/** There was no room in the queue or pipe in time. */
export class Full extends Error {
  static {
    Full.prototype.name = 'Full';
  }
}

/** There was no item in the queue or pipe in time. */
export class Empty extends Error {
  static {
    Empty.prototype.name = 'Empty';
  }
}

/** The stream has ended: every producer has, and every item is taken. Also a put after this process's own `close`. */
export class QueueClosed extends Error {
  static {
    QueueClosed.prototype.name = 'QueueClosed';
  }
}

/** The stream broke off: a producer failed, so what was taken may not be all of it. */
export class QueueAborted extends Error {
  static {
    QueueAborted.prototype.name = 'QueueAborted';
  }
}

/** The item does not fit the queue's `item`, and was not put. */
export class ItemRefused extends TypeError {
  static {
    ItemRefused.prototype.name = 'ItemRefused';
  }

  /** Where in the item, as a JSON pointer; empty for the item itself. */
  readonly path: string;
  /** What that must be and is not. */
  readonly reason: string;

  constructor(message: string, path: string, reason: string) {
    super(message);
    this.path = path;
    this.reason = reason;
  }
}

/** No process is left that takes from the queue. */
export class BrokenQueue extends Error {
  static {
    BrokenQueue.prototype.name = 'BrokenQueue';
  }
}

/** The other end of the pipe is closed, and all that it had sent is received. */
export class EndOfFile extends Error {
  static {
    EndOfFile.prototype.name = 'EndOfFile';
  }
}

/** The other end of the pipe is closed: nobody would receive what is sent. */
export class BrokenPipe extends Error {
  static {
    BrokenPipe.prototype.name = 'BrokenPipe';
  }
}

/** This process has closed its own end of the pipe. */
export class PipeClosed extends Error {
  static {
    PipeClosed.prototype.name = 'PipeClosed';
  }
}

/** A release of what is not held, or of a lock that is not of kind `rw`, taking it to read. */
export class LockError extends Error {
  static {
    LockError.prototype.name = 'LockError';
  }
}

/** The lock was not free in time. */
export class LockTimeout extends Error {
  static {
    LockTimeout.prototype.name = 'LockTimeout';
  }
}

/** The pipeline does not declare this use. */
export class NotGranted extends Error {
  static {
    NotGranted.prototype.name = 'NotGranted';
  }
}

/** An output is larger than an output may be. */
export class OutputTooLarge extends RangeError {
  static {
    OutputTooLarge.prototype.name = 'OutputTooLarge';
  }
}

/** The connection to the run is gone. What was not confirmed may not have arrived. */
export class BrokerLost extends Error {
  static {
    BrokerLost.prototype.name = 'BrokerLost';
  }
}

/** What a get of the queue or pipe comes to, once no item will come any more; `broke`: since a producer failed. */
export function endOf(name: string, broke: boolean): QueueClosed | QueueAborted {
  return broke
    ? new QueueAborted(`\`${name}\` broke off: a process that puts to it failed`)
    : new QueueClosed(`\`${name}\` has ended: every process that puts to it has`);
}
