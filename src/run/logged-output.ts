// The reading end of a pipe that a process writes its log to.
import { Socket } from 'node:net';

export function readHere(fd: number): Socket {
  const output = new Socket({ fd, readable: true, writable: false });
  // One that breaks ends like one that is closed.
  output.on('error', () => output.destroy());
  return output;
}
