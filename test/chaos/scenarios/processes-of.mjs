// What /proc says of processes, for those who look from outside.
import { readdirSync, readFileSync } from 'node:fs';

export function proc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** `state`, `parent`, `group`, `started`; null where there is none. */
export function statOf(pid) {
  const text = proc(pid, 'stat');
  if (text === '') return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], parent: Number(fields[1]), group: Number(fields[2]), started: fields[19] };
}

/** A zombie is not. */
export function isAlive(pid, started) {
  const stat = statOf(pid);
  return (
    stat !== null && stat.state !== 'Z' && stat.state !== 'X' && (started === undefined || stat.started === started)
  );
}

export function allPids() {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

export function marked(mark) {
  return allPids().filter((pid) => proc(pid, 'environ').split('\0').includes(mark) && isAlive(pid));
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
