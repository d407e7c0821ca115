// Bytes ↔ frames of src/keeper/PROTOCOL.md: a length, and then fields, each with its own length before it. Fields are bytes; what
// is written here as text is UTF-8.

const SIZE = 4;
const none: Buffer = Buffer.alloc(0);

/** `more`: further fields, encoded already. */
export function encodeFrame(fields: readonly (string | Buffer)[], more: Buffer = none): Buffer {
  let length = more.length;
  for (const field of fields) length += SIZE + Buffer.byteLength(field);
  const frame = Buffer.allocUnsafe(SIZE + length);
  frame.writeUInt32LE(length, 0);
  let at = SIZE;
  for (const field of fields) at = writeField(frame, at, field);
  more.copy(frame, at);
  return frame;
}

/** Behind those of `before`, and where each ends. */
export function encodeFields(
  fields: readonly (string | Buffer)[],
  before: Buffer,
): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  let length = before.length;
  for (const field of fields) length += SIZE + Buffer.byteLength(field);
  const bytes = Buffer.allocUnsafe(length);
  let at = before.copy(bytes);
  const ends = fields.map((field) => (at = writeField(bytes, at, field)));
  return { bytes, ends };
}

/** Answers where it ends. */
function writeField(bytes: Buffer, at: number, field: string | Buffer): number {
  const written = typeof field === 'string' ? bytes.write(field, at + SIZE) : field.copy(bytes, at + SIZE);
  bytes.writeUInt32LE(written, at);
  return at + SIZE + written;
}

/** What is in it, as text; but what a process printed as it came. */
export interface Frame {
  readonly fields: readonly string[];
  readonly bytes: Buffer;
}

/** Cuts what arrives into frames, wherever the pieces end. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  *take(bytes: Buffer): Generator<Frame> {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= SIZE && all.length - at - SIZE >= all.readUInt32LE(at)) {
      const end = at + SIZE + all.readUInt32LE(at);
      yield frameIn(all, at + SIZE, end);
      at = end;
    }
    this.#rest = all.subarray(at);
  }
}

function frameIn(all: Buffer, from: number, end: number): Frame {
  const fields: string[] = [];
  let bytes: Buffer = none;
  for (let at = from; at < end; ) {
    const next = at + SIZE + all.readUInt32LE(at);
    // What a process printed is no text before somebody takes it for one.
    if (fields[0] === 'printed' && next === end) bytes = all.subarray(at + SIZE, next);
    else fields.push(all.toString('utf8', at + SIZE, next));
    at = next;
  }
  return { fields, bytes };
}
