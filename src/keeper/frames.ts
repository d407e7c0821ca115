// Bytes ↔ frames of src/keeper/PROTOCOL.md: a length, and then fields, each with its own length before it. Fields are bytes; what
// is written here as text is UTF-8.

export function encodeFrame(fields: readonly (string | Buffer)[]): Buffer {
  let length = 0;
  for (const field of fields) length += SIZE + Buffer.byteLength(field);
  const frame = Buffer.allocUnsafe(SIZE + length);
  frame.writeUInt32LE(length, 0);
  let at = SIZE;
  for (const field of fields) {
    const written = typeof field === 'string' ? frame.write(field, at + SIZE) : field.copy(frame, at + SIZE);
    frame.writeUInt32LE(written, at);
    at += SIZE + written;
  }
  return frame;
}

/** Cuts what arrives into frames, wherever the pieces end. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  *take(bytes: Buffer): Generator<string[]> {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= SIZE && all.length - at - SIZE >= all.readUInt32LE(at)) {
      const end = at + SIZE + all.readUInt32LE(at);
      yield fieldsOf(all, at + SIZE, end);
      at = end;
    }
    this.#rest = all.subarray(at);
  }
}

function fieldsOf(bytes: Buffer, from: number, end: number): string[] {
  const fields: string[] = [];
  for (let at = from; at < end; ) {
    const length = bytes.readUInt32LE(at);
    fields.push(bytes.toString('utf8', at + SIZE, at + SIZE + length));
    at += SIZE + length;
  }
  return fields;
}

const SIZE = 4;
