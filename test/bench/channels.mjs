// The channels of a row, with nothing said about them that the row does not care for.

export function queue(name, programs, settings = {}) {
  return {
    kind: 'queue',
    name,
    at: { line: 1, column: 1 },
    order: 'fifo',
    maxsize: 0,
    maxBytes: 64 * 1024 * 1024,
    overflow: 'block',
    item: null,
    encoding: 'text',
    confirm: false,
    delivery: 'at-least-once',
    attempts: 3,
    leftover: 'fail',
    deadLetter: null,
    from: null,
    to: null,
    producers: Object.keys(programs).filter((id) => id.startsWith('put') || id === 'ping' || id === 'pong'),
    consumers: Object.keys(programs).filter((id) => id.startsWith('get') || id === 'ping' || id === 'pong'),
    group: null,
    ...settings,
  };
}

export const mutex = (name, programs, settings) => ({
  kind: 'lock',
  name,
  at: { line: 1, column: 1 },
  lock: 'mutex',
  permits: 1,
  reentrant: false,
  owned: true,
  scope: 'run',
  strict: false,
  users: Object.keys(programs),
  ...settings,
});

export const pipe = (name, programs, settings) => ({
  kind: 'pipe',
  name,
  at: { line: 1, column: 1 },
  encoding: 'text',
  duplex: true,
  ends: Object.keys(programs),
  ...settings,
});
