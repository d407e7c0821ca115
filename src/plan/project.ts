// All files that a pipeline consists of: its own and those it uses, each read once. Takes one of them through its stages, as often
// as it is given other values, and keeps what was found in each, once however often it would be found.
import { dirname, resolve } from 'node:path';
import { realpath } from 'node:fs/promises';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import { type Document, parseDocument } from '../pipeline/document.ts';
import { withoutEchoes, withoutMissedUses } from '../pipeline/echo.ts';
import { Findings, keyOf } from '../pipeline/finding.ts';
import { checkNames } from '../pipeline/names.ts';
import type { Pipeline, ProcessDeclaration, UsesDeclaration } from '../pipeline/pipeline.ts';
import { type ReadOptions, read } from '../pipeline/read.ts';
import type { PipelineFile } from '../pipeline/schema.gen.ts';
import { validate } from '../pipeline/schema.ts';
import { Source } from '../pipeline/source.ts';
import { type Compiled, compile, type TargetUse } from './compile.ts';
import { connected } from './connections.ts';
import { type Part, type Parts, portsOf, type Site } from './part.ts';
import type { Plan } from './plan.ts';
import { checkQueueFiles } from './queue-files.ts';
import { checkPatterns, type PatternUse } from './ready-check.ts';
import type { Environment } from './resolve.ts';
import { checkSecrets } from './secret-check.ts';
import { fill } from './sub-pipelines.ts';
import { checkTargets, type CompileTargets } from './target-check.ts';
import { findUsed, shownName } from './used-file.ts';

interface Examined {
  readonly pipeline: Pipeline;
  readonly parts: Parts;
  readonly compiled: Compiled;
  readonly diagnostics: readonly Diagnostic[];
}

/** What is looked at besides the files: whatever is not given is not. */
export interface Looks {
  readonly compileTargets: CompileTargets | undefined;
  /** What is to be set there is looked for. */
  readonly environment: Environment | undefined;
}

const mostLevels = 16;
const mostFiles = 1000;

export class Project {
  /** Of the files that are used, in the order in which they were come to. */
  readonly sources: Source[] = [];
  readonly #root: string;
  readonly #looks: Looks;
  readonly #parts = new Map<string, Part | null>();
  readonly #plans = new Map<string, Plan | null>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #told = new Set<string>();
  readonly #targets = new Map<Document, Map<string, TargetUse>>();
  readonly #patterns = new Map<Document, Map<string, PatternUse>>();
  /** Variables that are set around what is used. */
  readonly #set = new Set<string>();

  /** Nothing outside of the folder `root` is read. */
  constructor(root: string, looks: Looks) {
    this.#root = root;
    this.#looks = looks;
  }

  /** Of the files that are used. */
  get secrets(): readonly string[] {
    return this.#known.flatMap(({ pipeline }) => pipeline.secrets);
  }

  get #known(): readonly Part[] {
    return [...this.#parts.values()].filter((part) => part !== null);
  }

  /** What was found in the files that are used, each finding once. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** The plan is null where something is wrong. `diagnostics` are those of the outermost file. */
  async planOutermost(
    document: Document,
    written: PipelineFile,
    options: ReadOptions,
  ): Promise<{ readonly plan: Plan | null; readonly pipeline: Pipeline; readonly diagnostics: readonly Diagnostic[] }> {
    const { file } = document.source;
    const realPath = file === '-' ? null : await realpath(file).catch(() => resolve(file));
    const site: Site = { document, written, folder: this.#root, way: [{ document, realPath, uses: null }] };
    const { compiled, parts, pipeline, diagnostics } = await this.#examine(site, options, null);
    const filled = await this.#fill(compiled, parts, document);
    await this.#checkTargets();
    this.#checkSecrets();
    const own = this.#diagnostics.filter((each) => each.file === file);
    return { plan: filled.plan, pipeline, diagnostics: [...diagnostics, ...filled.diagnostics, ...own] };
  }

  /** One file with what it is given. `known`: what it uses, where that was read already. */
  async #examine(site: Site, options: ReadOptions, known: Parts | null): Promise<Examined> {
    const { document, written, folder } = site;
    const { pipeline: own, diagnostics } = await read(written, document, { ...options, root: folder });
    const findings = new Findings(document);
    const parts = known ?? (await this.#partsOf(own, site, findings));
    const pipeline = connected(own, parts, findings);
    const compiled = compile(pipeline);
    const targets = this.#targets.get(document) ?? new Map<string, TargetUse>();
    this.#targets.set(document, targets);
    for (const use of compiled.targets) targets.set(`${use.file}#${use.export} ${JSON.stringify(use.path)}`, use);
    const patterns = this.#patterns.get(document) ?? new Map<string, PatternUse>();
    this.#patterns.set(document, patterns);
    for (const use of compiled.patterns) patterns.set(`${use.pattern} ${JSON.stringify(use.path)}`, use);
    const files = await checkQueueFiles(pipeline);
    return {
      pipeline,
      parts,
      compiled,
      diagnostics: [
        ...diagnostics,
        ...findings.diagnostics,
        ...checkNames(pipeline),
        ...compiled.diagnostics,
        ...files,
      ],
    };
  }

  #fill(compiled: Compiled, parts: Parts, document: Document) {
    for (const { env } of compiled.subPipelines.values()) for (const name of Object.keys(env)) this.#set.add(name);
    return fill(compiled, parts, document, (part, values) => this.#planPart(part, values));
  }

  async #planPart(part: Part, values: Plan['params']): Promise<Plan | null> {
    const key = `${part.file} ${JSON.stringify(values)}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const { compiled, parts, diagnostics } = await this.#examine(part, { given: values }, part.parts);
    const filled = await this.#fill(compiled, parts, part.document);
    this.#tell([...diagnostics, ...filled.diagnostics]);
    this.#plans.set(key, filled.plan);
    return filled.plan;
  }

  async #partsOf({ processes }: Pipeline, site: Site, findings: Findings): Promise<Parts> {
    const parts = new Map<string, Part | null>();
    for (const process of processes) {
      const { uses } = process;
      if (uses !== null) parts.set(process.name, await this.#partOf({ ...process, uses }, site, findings));
    }
    return parts;
  }

  async #partOf(
    { uses }: ProcessDeclaration & { readonly uses: UsesDeclaration },
    site: Site,
    findings: Findings,
  ): Promise<Part | null> {
    const found = await findUsed(this.#root, uses, site, findings);
    if (found === null) return null;
    const { file, realPath, text } = found;
    const known = this.#parts.get(realPath);
    if (known !== undefined) return known;
    if (this.#parts.size >= mostFiles || site.way.length >= mostLevels) {
      const message =
        site.way.length >= mostLevels
          ? `files that use each other are at most ${mostLevels} levels deep`
          : `a pipeline uses at most ${mostFiles} files`;
      findings.error('too-many', uses.path, message, { hint: 'put some of them together into one file' });
      return null;
    }
    const source = new Source(shownName(file, uses, site), text);
    this.sources.push(source);
    const part = await this.#readPart(source, file, realPath, uses, site);
    this.#parts.set(realPath, part);
    return part;
  }

  async #readPart(
    source: Source,
    file: string,
    realPath: string,
    uses: UsesDeclaration,
    site: Site,
  ): Promise<Part | null> {
    const { document: written, diagnostics } = parseDocument(source);
    if (written === null) {
      this.#tell(diagnostics);
      return null;
    }
    const shape = validate(written);
    const { document } = shape;
    const here = site.way.map((step, at) => (at === site.way.length - 1 ? { ...step, uses: uses.path } : step));
    const own: Site = {
      document,
      written: shape.file,
      folder: dirname(file),
      way: [...here, { document, realPath, uses: null }],
    };
    const examined = await this.#examine(own, { given: 'unknown' }, null);
    const found = [...shape.diagnostics, ...examined.diagnostics, ...unheeded(document, shape.file)];
    const later = withoutMissedUses(found, shape.unread);
    const all = [...diagnostics, ...withoutEchoes(diagnostics, later)];
    this.#tell(all);
    const { pipeline, parts } = examined;
    const isSound = !all.some(({ severity }) => severity === 'error');
    return { ...own, file, pipeline, parts, ports: portsOf(pipeline), isSound };
  }

  async #checkTargets(): Promise<void> {
    for (const [document, targets] of this.#targets)
      this.#tell(await checkTargets([...targets.values()], document, this.#looks.compileTargets));
    for (const [document, patterns] of this.#patterns)
      this.#tell(await checkPatterns([...patterns.values()], document));
  }

  /** Where one is set around what is used, it is there. */
  #checkSecrets(): void {
    const { environment } = this.#looks;
    if (environment === undefined) return;
    const around = { ...environment, ...Object.fromEntries([...this.#set].map((name) => [name, 'it is set'])) };
    for (const { pipeline } of this.#known) this.#tell(checkSecrets(pipeline, around));
  }

  /** What would be found again with other values is told once for each place. */
  #tell(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      const { file, code, span } = diagnostic;
      const key = `${file} ${code} ${span.start} ${span.end}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#diagnostics.push(diagnostic);
    }
  }
}

/** What a file says of a whole run, which it is not where it is used. */
function unheeded(document: Document, { slots }: PipelineFile): readonly Diagnostic[] {
  const findings = new Findings(document);
  if (slots !== undefined) {
    const message =
      '`slots` counts where this file is run by itself; where it is used, those of the pipeline that is run do';
    findings.warning('unused', keyOf(['slots']), message, { hint: 'say there how many may run at once' });
  }
  return findings.diagnostics;
}
