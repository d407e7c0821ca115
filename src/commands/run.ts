// `forkline run`: read, plan, run, report, and the exit code of how it went.
import * as Flags from '@oclif/core/flags';
import { FolderNotMade, masked, run, type RunOptions, select } from '../engine.ts';
import { KEEPERS } from '../keeper/programs.ts';
import { parseDuration } from '../pipeline/quantity.ts';
import { nearest } from '../pipeline/suggest.ts';
import type { Plan } from '../plan/plan.ts';
import { type Tier, TIERS } from '../run/containment.ts';
import { draw } from '../plan/draw.ts';
import { Command } from './command.ts';
import { CallError, reasonOf } from './call-error.ts';
import { file, param, paramsOf } from './flags.ts';
import { Interrupted, listenForInterruption, unless } from './interruption.ts';
import { writeLine } from './output.ts';
import { JobControl } from './job-control.ts';
import { loadPipeline } from './pipeline-file.ts';
import { planOrTell, type Telling } from './planning.ts';
import { openReporters } from './reporters.ts';

export class Run extends Command {
  static override summary = 'Run a pipeline.';
  static override description = `What its processes print goes to stdout, each line under its process's name;
what Forkline says goes to stderr. Both are kept in .forkline/runs/<run id>.

Exit codes: 0 success · 1 something failed, or items were left over ·
2 the pipeline or the call is wrong · 3 deadlock · 70 internal error ·
124 the run's timeout · 129 hang-up · 130 Ctrl-C · 131 SIGQUIT · 143 SIGTERM`;
  static override examples = [
    'forkline run pipeline.yaml',
    'forkline run pipeline.yaml --param portions=20 --timeout 5m',
    'forkline run pipeline.yaml --json > events.ndjson',
  ];
  static override args = { file };
  static override flags = {
    param,
    timeout: Flags.string({
      description: 'for the whole run, instead of the one in the pipeline',
      helpValue: 'DURATION',
    }),
    slots: Flags.string({
      description: 'how many processes may run at once, instead of `slots` in the pipeline',
      helpValue: 'N',
    }),
    only: Flags.string({
      description: 'run only this, and what it cannot do without. May be given several times',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'keep-going': Flags.boolean({ description: 'go on with what does not need what failed; the run fails at the end' }),
    'deadlock-timeout': Flags.string({
      description: 'how long processes must have waited for each other to be a deadlock. Default: 1s; 0: never',
      helpValue: 'DURATION',
    }),
    'dry-run': Flags.boolean({ description: 'show the plan and start nothing' }),
    quiet: Flags.boolean({ char: 'q', description: 'show only what goes wrong', exclusive: ['verbose'] }),
    verbose: Flags.boolean({ char: 'v', description: 'say every small thing that happens' }),
    json: Flags.boolean({ description: 'write the events to stdout, one line of JSON each', exclusive: ['reporter'] }),
    reporter: Flags.string({
      description: 'plain or json; with =FILE it writes there. May be given several times',
      helpValue: 'NAME[=FILE]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'ignore-hup': Flags.boolean({ description: 'go on when the terminal is closed, as under nohup' }),
    'require-containment': Flags.string({
      description: 'full: start nothing where something might outlive the run',
      helpValue: 'LEVEL',
      options: ['full'],
    }),
    'run-dir': Flags.string({ description: 'where the files of the run go', helpValue: 'FOLDER' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Run);
    const options = { params: paramsOf(flags.param), slots: countOf('slots', flags.slots) };
    using interruption = listenForInterruption({ ignoreHangUp: flags['ignore-hup'] });
    const { stop, kill } = interruption;
    // One signal is kept until there is a run that it can stop, so that there is a summary of that; unless it is typed in.
    const source = await unless(args.file === '-' ? stop : kill, loadPipeline(args.file));
    const telling: Telling = {
      format: flags.json ? 'json' : 'text',
      warnings: !flags.quiet,
      toRun: !flags['dry-run'],
    };
    const planned = await unless(kill, planOrTell(source, options, telling));
    if (planned === null) return stop.aborted ? new Interrupted(stop.reason).exitCode : 2;
    const plan = {
      ...(flags.only === undefined ? planned : partOf(planned, flags.only)),
      ...(flags.timeout === undefined ? {} : { timeoutMs: durationOf('timeout', flags.timeout) }),
      ...(flags['keep-going'] ? { keepGoing: true } : {}),
    };
    const deadlock = flags['deadlock-timeout'];
    const deadlockMs = deadlock === undefined ? undefined : durationOf('deadlock-timeout', deadlock);
    if (flags['dry-run']) {
      writeLine(await masked(plan, draw(plan, flags.json ? 'json' : 'tree')));
      return 0;
    }
    const wishes = {
      reporters: flags.json ? ['json'] : (flags.reporter ?? ['plain']),
      volume: flags.quiet ? 'quiet' : flags.verbose ? 'verbose' : 'normal',
    } as const;
    expectKeeper(process.env.FORKLINE_KEEPER);
    expectUmask(process.umask());
    const reporters = await unless(kill, openReporters(wishes));
    const exitCode = await execute(plan, {
      onEvent: (event) => reporters.report(event),
      signal: stop,
      kill,
      ...(deadlockMs === undefined ? {} : { deadlockMs }),
      containment: containmentIn(process.env.FORKLINE_CONTAINMENT),
      ...(flags['require-containment'] === undefined ? {} : { requireContainment: 'full' }),
      ...(flags['run-dir'] === undefined ? {} : { runDir: flags['run-dir'] }),
    });
    // Whoever interrupts now no longer wants to wait for a slow reader of the rest.
    await Promise.race([reporters.end(), interruption.next()]);
    if (exitCode !== 0 || !reporters.failed) return exitCode;
    writeLine('forkline: not all that was to be shown or written could be: exit code 1', process.stderr);
    return 1;
  }
}

/** Only a folder that cannot be made keeps a plan from being run. */
async function execute(plan: Plan, options: RunOptions): Promise<number> {
  using control = new JobControl();
  try {
    return (await run(plan, { ...options, onPausable: (pausable) => control.attend(pausable) })).exitCode;
  } catch (error) {
    if ((error as Error).name === 'SecretsMissing') throw new CallError((error as Error).message);
    if (!(error instanceof FolderNotMade)) throw error;
    throw new CallError(`${error.message}: ${reasonOf(error.cause)}`);
  }
}

/** For trying out what a run does where less is to be had. */
function containmentIn(text: string | undefined): Tier {
  const tier = text === undefined || text === '' ? TIERS[0] : TIERS.find((known) => known === text);
  if (tier === undefined)
    throw new CallError(
      `unknown containment \`${text}\` in FORKLINE_CONTAINMENT`,
      `it is one of ${TIERS.map((known) => `\`${known}\``).join(', ')}`,
    );
  return tier;
}

/** Else the folder of the run would be made, and could not be entered, nor by later runs. */
function expectUmask(umask: number): void {
  if ((umask & OWNER) === 0 || process.getuid?.() === 0) return;
  throw new CallError(
    `with the umask ${umask.toString(8).padStart(4, '0')} you may not use the files that you make yourself`,
    'run it after `umask 077`, or any other that leaves the owner all',
  );
}

const OWNER = 0o700;

/** Which may be used is looked at where one is started; here, whether there is one of that name. */
function expectKeeper(text = ''): void {
  if (text === '' || KEEPERS.some((known) => known === text)) return;
  throw new CallError(
    `unknown keeper \`${text}\` in FORKLINE_KEEPER`,
    `it is one of ${KEEPERS.map((known) => `\`${known}\``).join(', ')}`,
  );
}

function durationOf(flag: string, text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null)
    throw new CallError(`\`--${flag} ${text}\` is no duration`, 'write it like `500ms`, `30s`, `5m` or `2h`');
  return durationMs;
}

function partOf(plan: Plan, names: readonly string[]): Plan {
  const part = select(plan, names);
  if ('plan' in part) return part.plan;
  const near = nearest(part.unknown, part.known);
  throw new CallError(
    `there is no process, daemon or join \`${part.unknown}\` to run (\`--only\`)`,
    near === undefined ? '`forkline plan` shows what there is' : `did you mean \`${near}\`?`,
  );
}

/** 1 or more. */
function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new CallError(`\`--${flag} ${text}\` is no whole number from 1 on`);
}
