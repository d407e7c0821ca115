// As a process is that others keep from the processor, or that is stopped: nothing of it goes on meanwhile.
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
