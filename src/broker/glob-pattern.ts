// A pattern in parts: what each name on a path must be like. glob.ts says what the characters mean.

/** What stands between two slashes. */
export type Part = '**' | NamePart;

export interface NamePart {
  /** It begins with a dot that is written out. */
  readonly dotted: boolean;
  /** `null`: any characters. */
  readonly pieces: readonly (null | ((character: string) => boolean))[];
}

/** The patterns that `{a,b}` stands for. */
export function alternativesOf(pattern: string): readonly string[] {
  if (pattern.length > LONGEST) throw new TooMuch(`the pattern is longer than ${LONGEST} characters`);
  const open = bracesIn(pattern);
  if (open === null) return [pattern];
  const [start, commas, end] = open;
  const before = pattern.slice(0, start);
  const bounds = [start, ...commas, end];
  const choices = bounds.slice(1).map((bound, index) => pattern.slice((bounds[index] as number) + 1, bound));
  const rests = alternativesOf(pattern.slice(end + 1));
  const all = choices.flatMap(alternativesOf).flatMap((choice) => rests.map((rest) => `${before}${choice}${rest}`));
  if (all.length > MOST_ALTERNATIVES) throw new TooMuch(`the pattern stands for more than ${MOST_ALTERNATIVES} others`);
  return all;
}

export class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

/** Nothing in it has a meaning of its own. */
export function isPlain(part: string): boolean {
  return !/(?<!\\)(?:\\\\)*[*?[]/.test(part);
}

export function unescaped(part: string): string {
  return part.replace(/\\(.)/gsu, '$1');
}

export function partOf(text: string): Part {
  if (text === '**') return '**';
  const characters = Array.from(text);
  const pieces: (null | ((character: string) => boolean))[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    const set = character === '[' ? setAt(characters, at) : null;
    if (character === '*') pieces.push(null);
    else if (character === '?') pieces.push(() => true);
    else if (set !== null) {
      pieces.push(set.holds);
      at = set.end;
    } else {
      const isEscape = character === '\\' && at + 1 < characters.length;
      if (isEscape) at += 1;
      const plain = characters[at];
      pieces.push((other) => other === plain);
    }
  }
  return { dotted: /^\\?\./.test(text), pieces };
}

/** Goes back to the last star only, which is enough. */
export function isLike(name: readonly string[], { dotted, pieces }: NamePart): boolean {
  if (name[0] === '.' && !dotted) return false;
  let at = 0;
  let piece = 0;
  let star = -1;
  let starred = 0;
  while (at < name.length) {
    const wanted = pieces[piece];
    if (wanted === null) {
      star = piece;
      starred = at;
      piece += 1;
    } else if (wanted?.(name[at] as string)) {
      at += 1;
      piece += 1;
    } else if (star >= 0) {
      starred += 1;
      at = starred;
      piece = star + 1;
    } else {
      return false;
    }
  }
  while (pieces[piece] === null) piece += 1;
  return piece === pieces.length;
}

/** The set that opens at `start`; null where it is never closed, and the bracket means itself. */
function setAt(
  characters: readonly string[],
  start: number,
): { holds: (character: string) => boolean; end: number } | null {
  const negated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const ranges: [string, string][] = [];
  for (let at = first; at < characters.length; at += 1) {
    const low = characters[at] as string;
    if (low === ']' && at > first) {
      const isIn = (character: string) => ranges.some(([from, to]) => within(character, from, to));
      return { holds: (character) => isIn(character) !== negated, end: at };
    }
    const high = characters[at + 2];
    const isRange = characters[at + 1] === '-' && high !== undefined && high !== ']';
    ranges.push([low, isRange ? high : low]);
    if (isRange) at += 2;
  }
  return null;
}

function within(character: string, from: string, to: string): boolean {
  const code = character.codePointAt(0) as number;
  return code >= (from.codePointAt(0) as number) && code <= (to.codePointAt(0) as number);
}

/** The first braces with a comma in them: where they open, their own commas, and where they close. */
function bracesIn(pattern: string): [number, readonly number[], number] | null {
  for (let start = pattern.indexOf('{'); start !== -1; start = pattern.indexOf('{', start + 1)) {
    const commas: number[] = [];
    let depth = 0;
    for (let at = start; at < pattern.length; at += 1) {
      const character = pattern[at];
      if (character === '\\') at += 1;
      else if (character === '{') depth += 1;
      else if (character === ',' && depth === 1) commas.push(at);
      else if (character === '}') depth -= 1;
      if (character === '}' && depth === 0) {
        if (commas.length > 0 && !isEscaped(pattern, start)) return [start, commas, at];
        break;
      }
    }
  }
  return null;
}

function isEscaped(pattern: string, at: number): boolean {
  let backslashes = 0;
  while (pattern[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

const LONGEST = 4096;
const MOST_ALTERNATIVES = 1024;
