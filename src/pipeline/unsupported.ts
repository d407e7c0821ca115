// Words of the language that this version reads but does not execute yet: each is a finding at its key, never ignored. A
// setting that says what happens anyway is none, and neither is a value that no version knows.
import type { Path } from './document.ts';
import { type Findings, keyOf } from './finding.ts';
import { isMap, type Json } from './json.ts';

/** For each key of a kind of thing, the values that are nothing new. */
type Unsupported = Readonly<Record<string, readonly Json[]>>;

const inProcess: Unsupported = {
  holds: [],
};

const inEach: Readonly<Record<string, Unsupported>> = {
  processes: inProcess,
  daemons: inProcess,
};

export function complainOfUnsupported(file: Json, findings: Findings): void {
  if (!isMap(file)) return;
  for (const [kind, unsupported] of Object.entries(inEach)) {
    const things = file[kind];
    if (things === undefined || !isMap(things)) continue;
    for (const [name, thing] of Object.entries(things)) look(thing, [kind, name], unsupported, findings);
  }
}

function look(thing: Json | undefined, path: Path, unsupported: Unsupported, findings: Findings): void {
  if (thing === undefined || !isMap(thing)) return;
  for (const [key, harmless] of Object.entries(unsupported)) {
    const value = thing[key];
    if (value === undefined || harmless.includes(value)) continue;
    const shown = typeof value === 'string' && harmless.length > 0 ? `\`${key}: ${value}\`` : `\`${key}\``;
    findings.error('not-supported-yet', keyOf([...path, key]), `${shown} is not supported yet`, {
      hint: 'it is in the language, but this version of Forkline does not execute it',
    });
  }
}
