// What Linux's /proc shows of processes, their threads and their open files. Of those that have ended, and of what is not ours
// to look into, there is nothing: an empty text, an empty list.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Stat {
  /** One letter; empty where it has ended. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** When it was started, as the kernel counts: by then another may have its number. */
  readonly startedAt: string;
  /** A zombie does not, but for one whose first thread alone has ended. */
  readonly lives: boolean;
}

/** Of all processes. */
export function pids(): number[] {
  return numbersIn('/proc');
}

export function statOf(pid: number): Stat {
  return statAt(`/proc/${pid}/stat`);
}

/** Of a process or a thread: "pid (name) state ppid pgrp session …", and the name may hold anything. */
export function statAt(path: string): Stat {
  const stat = read(path);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session] = fields;
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startedAt: fields[STARTED] ?? '',
    lives: state !== '' && (!'ZX'.includes(state) || Number(fields[THREADS]) > 1),
  };
}

/** Whether all of these, each `NAME=value`, were in its environment when it began. */
export function hasVariables(pid: number, assignments: readonly string[]): boolean {
  const environment = read(`/proc/${pid}/environ`);
  const wanted = assignments.map((assignment) => Buffer.from(assignment).toString('latin1'));
  if (!wanted.every((assignment) => environment.includes(assignment))) return false;
  const variables = environment.split('\0');
  return wanted.every((assignment) => variables.includes(assignment));
}

/** Whether it has that open, called as by `linkOf`. */
export function hasOpen(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return numbersIn(folder).some((descriptor) => linkOf(`${folder}/${descriptor}`) === file);
}

/** What a folder holds that is called by a number: processes, threads, descriptors. */
export function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Where it leads to; of a pipe, what both its ends are called. */
export function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** A character for each byte. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Among the fields after the name. */
const THREADS = 17;
const STARTED = 19;
