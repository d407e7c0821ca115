// What one client may have of the broker, so that none can fill its memory or take all its time. Each is more than a program
// that means well comes to; who goes beyond it is cut off with the code `limit`. docs/protocol.md names them.

export const Most = {
  /** Connections of one instance at a time: more than the workers of any pool. */
  SESSIONS: 1024,
  /** Offences that are told of one instance, and of all strangers together: the first fails its process, and a flood is no news. */
  OFFENCES: 10,
  STRANGE_OFFENCES: 100,
  /** Bytes of a frame without items: nothing a client says is half as long. */
  PLAIN_FRAME: 4096,
  /** Bytes of answers that wait to be read: from there on it is not heard until it has read them, and cut off where it does not. */
  UNREAD: 1024 * 1024,
  /** Frames of one session, about, before the others are heard: the system would hand over two megabytes of small ones at once. */
  FRAMES: 1024,
  /** Unanswered JOINs of one instance, at one queue: each of them is looked at whenever an item is done. */
  JOINS: 1024,
  /** What one instance has asked of the run and was not answered, and the bytes of that: it goes on to another process. */
  ERRANDS: 1024,
  ERRAND_BYTES: 16 * 1024 * 1024,
  /** How often one instance waits for others to end, at a time: more than any program has threads. */
  WATCHES: 16_384,
  /** Questions of one session that wait until a lane is closed. */
  PARKED: 1024,
  /** Grants and waits of one instance at one lock: more than any program has threads. */
  CLAIMS: 16_384,
  /** Items that one session has taken of one queue and not said to be done, and their bytes where they are more than a few: the broker keeps each of them. */
  HELD: 4 * 1024 * 1024,
  HELD_BYTES: 1024 * 1024 * 1024,
  HELD_FEW: 1024,
  /** Items that wait in a queue without `maxsize`, or, where that is more, as many as have their sizes in `maxBytes`: empty ones take memory, too. */
  TINY_ITEMS: 1024 * 1024,
} as const;
