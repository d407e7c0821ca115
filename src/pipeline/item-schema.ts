// `item`: the JSON Schema of a queue's items, put together with the files it refers to into one that needs no file. What is
// wrong with it is found here; where it stands in a file, at the `$ref` that leads there.
import { realpath } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Path } from './document.ts';
import { keyOf } from './finding.ts';
import { isMap, type Json } from './json.ts';
import { fragmentOf, pathIn, pointerOf, unescaped, valueAt } from './json-pointer.ts';
import { compileSchema, type Dialect, dialectOf, dialects, patternProblem, schemaProblems } from './json-schema.ts';
import type { Reading } from './reading.ts';
import { parsed, readSchemaFile } from './schema-file.ts';
import { fromEntries, holds, schemasIn, withSchemas, wordsOf } from './schema-keywords.ts';

/** A schema of its own: what stands in the pipeline, or a file. */
interface Part {
  /** As it is written, and as messages name it; null for the one in the pipeline. */
  readonly file: string | null;
  readonly folder: string;
  readonly schema: Json;
  /** Where it is in the whole: '' or `/$defs/NAME`. */
  readonly pointer: string;
  /** Where it is named in the pipeline. */
  readonly at: Path;
}

export class ItemSchema {
  readonly #path: Path;
  readonly #root: string;
  readonly #reading: Reading;
  readonly #parts: Part[] = [];
  /** By their real paths; null where one cannot be read. */
  readonly #files = new Map<string, Part | null>();
  readonly #names = new Set<string>();
  /** Each reference, by its part and how it is written → what it is in the whole. */
  readonly #targets = new Map<string, string>();
  #dialect: Dialect = '2020-12';
  #sound = true;

  constructor(path: Path, root: string, reading: Reading) {
    this.#path = path;
    this.#root = root;
    this.#reading = reading;
  }

  async read(written: Json): Promise<Json | null> {
    const part: Part = { file: null, folder: this.#root, schema: written, pointer: '', at: this.#path };
    if (isMap(written))
      for (const name of Object.keys(isMap(written.$defs ?? null) ? (written.$defs as object) : {}))
        this.#names.add(name);
    this.#parts.push(part);
    this.#dialect = this.#dialectOf(part) ?? '2020-12';
    // It grows while it is read.
    for (const one of this.#parts) await this.#look(one);
    if (!this.#sound) return null;
    const whole = this.#whole(part);
    return (await this.#check(whole)) ? whole : null;
  }

  // ---- What is wrong with a part ----

  async #look(part: Part): Promise<void> {
    if (this.#dialectOf(part) === null) return;
    const dialect = this.#dialect;
    for (const { schema, path } of schemasIn(part.schema, dialect)) {
      for (const [word, value] of Object.entries(schema)) {
        const kind = holds(word, dialect);
        if (kind === undefined) this.#complainOfWord(part, [...path, word], word);
        else if (kind === 'pattern' && typeof value === 'string')
          await this.#checkPattern(part, [...path, word], value);
        else if (kind === 'reference' && typeof value === 'string') await this.#follow(part, [...path, word], value);
        else if (kind === 'patterns' && isMap(value)) {
          for (const pattern of Object.keys(value)) {
            await this.#checkPattern(part, [...path, word, pattern], pattern, 'key');
          }
        } else if (word === '$id' && path.length > 0) {
          this.#complain(
            part,
            [...path, word],
            'key',
            '`$id` inside a schema is not supported',
            'take it out, and refer to the place itself, as in `#/$defs/name`',
          );
        }
      }
    }
    for (const { path, reason } of await schemaProblems(part.schema, dialect)) {
      const place = pathIn(part.schema, path);
      this.#complain(
        part,
        place,
        'value',
        `this is no JSON Schema: ${place.length === 0 ? 'it' : `\`${place.at(-1)}\``} ${reason}`,
        undefined,
      );
    }
  }

  #dialectOf(part: Part): Dialect | null {
    const named = dialectOf(part.schema);
    const writesOne = isMap(part.schema) && '$schema' in part.schema;
    if (named !== null && (!writesOne || part.file === null || named === this.#dialect || this.#parts.length === 1))
      return named;
    const known = Object.values(dialects)
      .map((uri) => `\`${uri}\``)
      .join(', ');
    if (named === null) {
      this.#complain(
        part,
        ['$schema'],
        'value',
        'this is no dialect of JSON Schema that is known',
        `known are ${known}`,
      );
    } else
      this.#complain(
        part,
        ['$schema'],
        'value',
        `this is another dialect than the rest is written in (${this.#dialect})`,
        'say the same `$schema` everywhere',
      );
    return null;
  }

  #complainOfWord(part: Part, path: Path, word: string): void {
    if (word.startsWith('x-')) return;
    const known = wordsOf(this.#dialect);
    const hint =
      this.#reading.findings.didYouMean(word, known) ??
      `it is read as JSON Schema ${this.#dialect}; another dialect is named by \`$schema\`, and words of one's own start with \`x-\``;
    this.#complain(part, path, 'key', `\`${word}\` is no word of JSON Schema that is known here`, hint);
  }

  async #checkPattern(part: Part, path: Path, pattern: string, which: 'key' | 'value' = 'value'): Promise<void> {
    const problem = await patternProblem(pattern);
    if (problem === null) return;
    const hint = 'patterns are RE2, which cannot hang: it has no lookarounds and no references back';
    this.#complain(part, path, which, `the pattern cannot be used: ${problem}`, hint);
  }

  #complain(part: Part, path: Path, which: 'key' | 'value', message: string, hint: string | undefined): void {
    this.#sound = false;
    const { findings } = this.#reading;
    if (part.file === null) {
      const at = [...part.at, ...path];
      findings.error('bad-item', which === 'key' ? keyOf(at) : at, message, { hint });
    } else {
      const place = path.length === 0 ? '' : `, at \`${pointerOf(path)}\``;
      findings.error('bad-item', part.at, `in \`${part.file}\`${place}: ${message}`, { hint });
    }
  }

  // ---- References ----

  async #follow(part: Part, path: Path, reference: string): Promise<void> {
    const [address, fragment] = splitOnce(reference, '#');
    const ownId = isMap(part.schema) ? part.schema.$id : undefined;
    const target = address === '' || address === ownId ? part : await this.#part(part, path, address);
    if (target === null) return;
    const anchor = fragment !== '' && !fragment.startsWith('/');
    this.#targets.set(
      `${part.pointer} ${reference}`,
      anchor ? `#${fragment}` : `#${fragmentOf(target.pointer)}${fragment}`,
    );
    if (!anchor && valueAt(target.schema, unescaped(fragment)) === undefined) {
      const named = target.file === null ? '' : ` in \`${target.file}\``;
      this.#complain(part, path, 'value', `there is no \`#${fragment}\`${named}`, undefined);
    }
  }

  /** The file at an address that stands in a part; null, and a finding, where there is none. */
  async #part(from: Part, path: Path, address: string): Promise<Part | null> {
    const refuse = (code: 'bad-item' | 'missing-file', message: string, hint?: string): null => {
      this.#sound = false;
      const named = from.file === null ? '' : `in \`${from.file}\`, at \`${pointerOf(path)}\`: `;
      const at = from.file === null ? [...from.at, ...path] : from.at;
      this.#reading.findings.error(code, at, named + message, { hint });
      return null;
    };
    if (/^[a-z][a-z0-9+.-]*:/i.test(address)) {
      return refuse(
        'bad-item',
        `\`${address}\` is not fetched: a schema is a file of the project`,
        'put it into a file beside the pipeline',
      );
    }
    const file = resolve(from.folder, unescaped(address));
    const shown = relative(this.#root, file);
    const outside = `\`${address}\` is outside of the project`;
    const inside = "a schema is in the folder of the pipeline's file, or below it";
    if (isOutside(shown)) return refuse('bad-item', outside, inside);
    const found = await readSchemaFile(file);
    if ('missing' in found)
      return refuse(
        'missing-file',
        `\`${address}\` ${found.missing}`,
        'it is looked for from the folder of the file that names it',
      );
    if (isOutside(relative(await realpath(this.#root), found.path))) return refuse('bad-item', outside, inside);
    const known = this.#files.get(found.path);
    if (known !== undefined) return known;
    const schema = parsed(file, found.text);
    if (typeof schema === 'string') {
      this.#files.set(found.path, null);
      return refuse('bad-item', `\`${shown}\` cannot be read: ${schema}`);
    }
    const name = this.#nameFor(shown);
    const at = from.file === null ? [...from.at, ...path] : from.at;
    const part: Part = {
      file: shown,
      folder: dirname(file),
      schema: schema.value,
      pointer: pointerOf(['$defs', name]),
      at,
    };
    this.#files.set(found.path, part);
    // Where all is in one file, that says which dialect it is.
    if (this.#parts.length === 1 && !(isMap(from.schema) && '$schema' in from.schema))
      this.#dialect = this.#dialectOf(part) ?? this.#dialect;
    this.#parts.push(part);
    return part;
  }

  #nameFor(file: string): string {
    let name = file;
    while (this.#names.has(name)) name += "'";
    this.#names.add(name);
    return name;
  }

  // ---- The whole ----

  #whole(first: Part): Json {
    const [root, ...others] = this.#parts.map((part) => [part, this.#rewritten(part)] as const);
    const schema = (root as readonly [Part, Json])[1];
    if (!isMap(schema) || first.file !== null) return schema;
    const ownDefs = isMap(schema.$defs ?? null)
      ? Object.entries(schema.$defs as { readonly [name: string]: Json })
      : [];
    const files = others.map(([part, value]) => [pathIn({}, part.pointer).at(-1) as string, value] as const);
    const dialect = this.#dialect === '2020-12' ? [] : [['$schema', dialects[this.#dialect]] as const];
    const rest = Object.entries(schema).filter(([word]) => word !== '$defs');
    const defs = [...ownDefs, ...files];
    return fromEntries([...dialect, ...rest, ...(defs.length > 0 ? [['$defs', fromEntries(defs)] as const] : [])]);
  }

  #rewritten({ schema, pointer }: Part): Json {
    return withSchemas(schema, this.#dialect, (inner) =>
      fromEntries(
        Object.entries(inner)
          .filter(([word]) => word !== '$id' && word !== '$schema')
          .map(([word, value]) => {
            const target = word === '$ref' ? this.#targets.get(`${pointer} ${String(value)}`) : undefined;
            return [word, target ?? value] as const;
          }),
      ),
    );
  }

  async #check(whole: Json): Promise<boolean> {
    try {
      const validate = await compileSchema(whole, this.#dialect);
      if (validate(null)?.reason !== 'is nested too deeply to be looked at') return true;
      this.#reading.findings.error('bad-item', keyOf(this.#path), '`item` refers to itself and to nothing else');
    } catch (error) {
      this.#reading.findings.error(
        'bad-item',
        keyOf(this.#path),
        `\`item\` cannot be used: ${(error as Error).message}`,
      );
    }
    return false;
  }
}

function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || resolve(path) === path;
}

function splitOnce(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
