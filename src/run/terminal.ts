// The terminal that the run was started at, and which of its processes has it. That one is in the foreground: what is typed is for it,
// Ctrl-C too. Where it is stopped by Ctrl-Z, the whole run is; where the run is in the foreground again, so is it.
import { readFileSync } from 'node:fs';
import { isProcess } from '../plan/node-kind.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import type { Child } from './child.ts';

export class Terminal {
  /** Called where Ctrl-Z was meant for the run; answers whether that is stopped for it. */
  suspend: () => boolean = () => false;
  #holder: NodeId | null = null;
  #watch: NodeJS.Timeout | undefined;

  /** Takes the terminal for a process; answers why it cannot be had. */
  take(node: NodeId): string | null {
    const own = placeOf('self');
    if (process.platform !== 'linux') return 'it is to have the terminal (`tty`), which is possible on Linux only';
    if (own === null || own.terminal === 0) return 'it is to have the terminal (`tty`), and there is none';
    if (this.#holder !== null) return `it is to have the terminal (\`tty\`), and \`${this.#holder}\` has it`;
    if (own.foreground !== own.group)
      return 'it is to have the terminal (`tty`), and the run is in the background: there another program has it';
    this.#holder = node;
    return null;
  }

  /** It has the terminal now. */
  given(child: Child): void {
    this.#watch = setInterval(() => this.#look(child), LOOK_MS);
  }

  giveBack(node: NodeId): void {
    if (this.#holder !== node) return;
    this.#holder = null;
    clearInterval(this.#watch);
  }

  #look(child: Child): void {
    const own = placeOf('self');
    const its = placeOf(`${child.pid}`);
    if (own === null || its === null) return;
    if (own.foreground === own.group) child.foreground();
    else if (its.state === 'T' && own.foreground === its.group && !this.suspend()) child.foreground();
  }
}

const LOOK_MS = 100;

/** Whether a process of the plan is to have it. */
export function wantsTerminal({ nodes }: Plan): boolean {
  return nodes.some((node) => isProcess(node) && node.tty === true);
}

/** Whether this process has a terminal of its session's. */
export function hasTerminal(): boolean {
  return process.platform === 'linux' && (placeOf('self')?.terminal ?? 0) !== 0;
}

interface Place {
  readonly state: string;
  readonly group: number;
  /** 0: none. */
  readonly terminal: number;
  /** The group that has the terminal. */
  readonly foreground: number;
}

/** "pid (name) state ppid pgrp session tty_nr tpgid …", and the name may hold anything. */
function placeOf(pid: string): Place | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group), terminal: Number(terminal), foreground: Number(foreground) };
  } catch {
    return null;
  }
}
