// Writes what a FrameWriter has gathered to the descriptor of a socket, at once, past its stream.
import { writeSync, writevSync } from 'node:fs';

/** Gives what the system did not take; `pieces` itself where it took nothing. Throws where the socket takes no more. */
export function writePieces(descriptor: number, pieces: Buffer[]): Buffer[] {
  try {
    const [first] = pieces;
    const written =
      pieces.length === 1 && first !== undefined
        ? writeSync(descriptor, first)
        : writevSync(descriptor, pieces.slice(0, MOST_PIECES));
    return piecesAfter(pieces, written);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return pieces;
    throw error;
  }
}

/** What is left of `pieces` after so many bytes. */
export function piecesAfter(pieces: Buffer[], written: number): Buffer[] {
  if (written === 0) return pieces;
  let left = written;
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index] as Buffer;
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(index + 1)];
    left -= piece.length;
  }
  return [];
}

/** writev takes no more. */
const MOST_PIECES = 1024;
