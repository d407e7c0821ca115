// Made from schemas/pipeline.schema.json by `npm run generate`: change the schema, not this file.

/**
 * A bare default value (text, number, boolean or list), or a JSON Schema property. A map is always a schema; one without `default` must be given with `--param`.
 */
export type Param =
  | {
      /**
       * What kind of value it is, and so how `--param name=value` is read.
       */
      type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
      /**
       * What it is when the run is not given one. Without a default it must be given.
       */
      default?: Json;
      /**
       * What it is for, shown where it is missing or does not fit.
       */
      description?: string;
      /**
       * A short name for people.
       */
      title?: string;
      /**
       * Values that would fit, for people.
       */
      examples?: Json[];
      /**
       * The only values that fit.
       */
      enum?: Json[];
      /**
       * The one value that fits.
       */
      const?: Json;
      /**
       * The smallest number that fits.
       */
      minimum?: number;
      /**
       * The largest number that fits.
       */
      maximum?: number;
      /**
       * Numbers must be above this.
       */
      exclusiveMinimum?: number;
      /**
       * Numbers must be below this.
       */
      exclusiveMaximum?: number;
      /**
       * Numbers must be a multiple of this.
       */
      multipleOf?: number;
      /**
       * The fewest characters a text may have.
       */
      minLength?: number;
      /**
       * The most characters a text may have.
       */
      maxLength?: number;
      /**
       * A regular expression (RE2) that a text must match.
       */
      pattern?: string;
      /**
       * A named format of JSON Schema, for people: it is not looked at. What a text must look like, `pattern` says.
       */
      format?: string;
      /**
       * A JSON Schema for the items of a list.
       */
      items?: {};
      /**
       * The fewest items a list may have.
       */
      minItems?: number;
      /**
       * The most items a list may have.
       */
      maxItems?: number;
      /**
       * Whether the items of a list must differ.
       */
      uniqueItems?: boolean;
      /**
       * A JSON Schema for each key of a map.
       */
      properties?: {
        [k: string]: {};
      };
      /**
       * The keys a map must have.
       */
      required?: string[];
      /**
       * Whether a map may have other keys than `properties`, or a JSON Schema for them.
       */
      additionalProperties?: boolean | {};
      /**
       * JSON Schemas of which at least one must fit.
       */
      anyOf?: {}[];
      /**
       * JSON Schemas of which exactly one must fit.
       */
      oneOf?: {}[];
      /**
       * JSON Schemas that must all fit.
       */
      allOf?: {}[];
      /**
       * A JSON Schema that must not fit.
       */
      not?: {};
    }
  | string
  | number
  | boolean
  | Json[];
/**
 * Any value.
 */
export type Json =
  | string
  | number
  | boolean
  | {
      [k: string]: Json;
    }
  | Json[]
  | null;
/**
 * A file of environment variables in dotenv syntax (`KEY=value` lines), or a list of them, later ones winning. Paths start at the pipeline's file; `env` beside it wins.
 */
export type EnvFile = string | string[];
/**
 * The name of an environment variable.
 */
export type Secret = string;
/**
 * How long it may run; each attempt anew where there is `retry`. Then it is stopped and has failed as `timed out`.
 */
export type Timeout = Duration;
/**
 * A length of time: `500ms`, `30s`, `5m`, `2h`; a bare number is seconds.
 */
export type Duration = string | number;
/**
 * How many further attempts it has when it fails: a number, or a map that also says how long to wait between them. For a daemon it is the short form of `restart: on-failure` with so many `attempts`.
 */
export type Retry =
  | number
  | {
      /**
       * How many further attempts it has after the first.
       */
      attempts?: number;
      delay?: Delay;
      backoff?: Backoff;
      max_delay?: MaxDelay;
      /**
       * Retry only after these exit codes; -N for signal N. Without it every failure is retried, a timeout included.
       */
      exit_codes?: number[];
    };
/**
 * How long to wait before the next attempt.
 */
export type Delay = Duration;
/**
 * How the delay grows from attempt to attempt.
 */
export type Backoff = 'constant' | 'exponential';
/**
 * The longest that an exponential delay gets. Default: 5 minutes, or `delay` where that is longer.
 */
export type MaxDelay = Duration;
/**
 * What reads `run`: `sh` (with `-eu`: it stops at the first error and at unset variables), `bash` (with `-euo pipefail`), or any argv, to which the script is given as the last argument.
 */
export type Shell = string | string[];
/**
 * The folder it starts in. The path starts at the pipeline's file, where it also starts by default.
 */
export type Cwd = string;
/**
 * What its failure means for the rest of the run.
 */
export type OnFailure = 'stop' | 'continue' | 'ignore';
/**
 * A whole number, or an expression that gives one.
 */
export type Count = number | string;
/**
 * A number of bytes: `512KiB`, `64MiB`, `1GiB`; a bare number is bytes.
 */
export type Size = string | number;
/**
 * Items that the run itself puts, from its start: a list of values, the lines of a file, the values of a JSON file, or the paths that match a pattern, sorted. A file is read as there is room. The queue closes only when all of it is in.
 */
export type From = Json[] | string | ItemsFromLines | ItemsFromJson | ItemsFromGlob;
/**
 * A file that takes the items that no other consumer is left for; at once, where there is none. It is `NAME.partial` until the stream has ended, and then renamed.
 */
export type To = ItemsToLines | ItemsToJson;
/**
 * The name of something that is declared in this file. `NAME` means all its instances, `NAME.2` one of them.
 */
export type Reference = string;
/**
 * A connection between two processes: their names, or a map that also says whether it goes one way only, and what is sent.
 */
export type Pipe =
  | Reference[]
  | {
      /**
       * The two processes that have an end each.
       */
      between: Reference[];
      /**
       * Whether both may send. `false`: the first sends, the second receives.
       */
      duplex?: boolean;
      /**
       * What a message is. Bytes can be sent whatever it says, by `sendBytes` (Python: `send_bytes`).
       */
      encoding?: 'json' | 'text' | 'bytes' | 'pickle';
    };
/**
 * A process of the operating system: a shell script (`run`), a program (`command`) or a function (`target`). Or another pipeline, run as a part of this one (`uses`).
 */
export type Process = ShellProcess | CommandProcess | SubPipeline | TargetProcess;
/**
 * A shell script, run by `shell`. `${{ … }}` is refused in it, because text put into a script is how scripts get injected: pass the value by `env` and read it as `"$NAME"`.
 */
export type Run = string;
/**
 * What must hold before it starts: a name, a list of names, or a map from name to condition. By default a process must have succeeded, a daemon be ready, a join have passed. If that can no longer happen, this is skipped and says why.
 */
export type Needs =
  | string
  | Reference[]
  | {
      [k: string]: Condition;
    };
/**
 * What must hold of the one that is named.
 */
export type Condition = 'succeeded' | 'completed' | 'failed' | 'started' | 'ready' | 'passed';
/**
 * An expression (the `${{ }}` may be left out). Where it is false the process is skipped, and so is what needs it to have succeeded.
 */
export type If = string | boolean;
/**
 * The queues it may put to; any other is refused at run time. A queue is closed when everyone who puts to it has ended.
 */
export type Puts = References;
/**
 * One name, or a list of names.
 */
export type References = string | Reference[];
/**
 * The queues it may get from; any other is refused at run time.
 */
export type Gets = References;
/**
 * Where its standard input comes from: a queue's items, one a line (`{queue: Q}`), another process's stdout (`{process: P}`) or a file (`{file: path}`). Without it, standard input is empty.
 */
export type Stdin = StdinFromAQueue | StdinFromAProcess | StdinFromAFile;
/**
 * What a line is: the item's text, or one JSON value.
 */
export type Format = 'lines' | 'json';
/**
 * Where its standard output goes: a queue, each line an item (`{queue: Q}`), a file (`{file: path}`), or nowhere (`null`). Without it, to the log.
 */
export type Stdout = Output;
/**
 * Where what a process writes goes: a queue, a file, or nowhere (`null`).
 */
export type Output = OutputToAQueue | OutputToAFile;
/**
 * Where its standard error goes: a queue, each line an item (`{queue: Q}`), a file (`{file: path}`), or nowhere (`null`). Without it, to the log.
 */
export type Stderr = Output;
/**
 * Whether it gets the terminal, for programs that ask people (ssh, sudo, vim): all three of its streams are the terminal, and Ctrl-C there is for it. One process at a time can have it; without a terminal it fails.
 */
export type Tty = boolean;
/**
 * A queue: run once for every item of it, each time as a process of its own. The item is in `$ITEM`, on stdin and in `${{ item }}`; exit code 0 says that it is done.
 */
export type Each = Reference;
/**
 * How many items of `each` are worked on at once.
 */
export type Workers = Count;
/**
 * How many identical instances run: `name.1`, `name.2`, …; each reads its number as `${{ replica }}`. With `matrix` the two multiply.
 */
export type Replicas = Count;
/**
 * A map of lists: one instance for every combination, read as `${{ matrix.key }}`. `include` and `exclude` add and remove combinations as in GitHub Actions.
 */
export type Matrix =
  | {
      /**
       * Combinations to add, or keys to add to combinations that match.
       */
      include?:
        | {
            [k: string]: Json;
          }[]
        | string;
      /**
       * Combinations to leave out, before `include` adds any; one that names only some of the lists leaves out all that match.
       */
      exclude?:
        | {
            [k: string]: Json;
          }[]
        | string;
      /**
       * The values that this key takes, one instance for each.
       */
      [k: string]:
        | Json[]
        | string
        | {
            [k: string]: Json;
          }[]
        | undefined;
    }
  | string;
/**
 * Exit codes that mean success besides 0; -N for signal N. `grep` that finds nothing exits 1, for one.
 */
export type SuccessExitCodes = number[] | number;
/**
 * When it is ready for those who need it: exactly one probe of `log`, `http`, `tcp`, `exec`, `file` and `sdk`. Without it, it is ready once started.
 */
export type Ready = ReadyByLog | ReadyByHttp | ReadyByTcp | ReadyByExec | ReadyByFile | ReadyBySdk;
/**
 * The locks its code may take through the SDK or `forkline lock`; any other is refused at run time.
 */
export type UsesLocks = References;
/**
 * Locks that it has from the start of an attempt until all of that has ended: a name, a list of names, or a map from a lock of `kind: rw` to `read` or `write` (the default). It gets them all at once, together with its slot, and waits with none of them; where programs, items or other runs take them, too, it then comes in order of arrival among these. With `each`, every item's process has them.
 */
export type Holds =
  | string
  | Reference[]
  | {
      /**
       * With others who read, or alone.
       */
      [k: string]: 'read' | 'write';
    };
/**
 * The processes and daemons that it may watch, wait for, terminate and kill through the SDK (`processOf`, `process_of`); any other is refused at run time.
 */
export type Controls = References;
/**
 * Names that it sets while it runs (`forkline output name=value`, or `output()` of the SDK): any JSON value. Those who need it read them as `${{ processes.NAME.outputs.name }}`.
 */
export type Outputs = Name[] | string;
/**
 * A name: letters of any script, digits, `_` and `-`, starting with a letter or `_`.
 */
export type Name = string;
/**
 * A program and its arguments, started as they are: no shell looks at them, so spaces, `*` and `$` mean nothing special.
 */
export type Command = (string | number)[];
/**
 * Another pipeline's file, run as a part of this one: what it declares runs as a run of its own inside this process, under names such as `orders/pack.1`. The path starts at this file and stays inside the folder of the pipeline that is run.
 */
export type Uses = string;
/**
 * A function or class that runs in a process of its own, written `file#export`: JavaScript or TypeScript (`.js .mjs .cjs .ts .mts`) or Python (`.py`). A function is called with `args` and `kwargs`; a class is constructed with them and its `run()` is called. The path starts at the pipeline's file.
 */
export type Target = string;
/**
 * The positional arguments that `target` is called with: any values of JSON. A value that is one `${{ … }}` and nothing else keeps its type.
 */
export type Args = Json[];
/**
 * A process that serves the others and is stopped when they have all ended. It has the keys of a process but for `each`, `workers`, `outputs` and `on_failure`, and `restart` besides.
 */
export type Daemon = ShellDaemon | CommandDaemon | TargetDaemon;
/**
 * What happens when a daemon ends before the run is over: `never` (it is a failure), `on-failure`, `always`, or a map that also says how often and after what delay.
 */
export type Restart =
  | string
  | {
      /**
       * When it is started again.
       */
      policy?: 'never' | 'on-failure' | 'always';
      /**
       * How often it is started again before that is a failure; counted anew, with the delay, after it was up for 60 s. Without it, without limit.
       */
      attempts?: number;
      /**
       * How long to wait before it is started again.
       */
      delay?: Delay;
      /**
       * How the delay grows from attempt to attempt.
       */
      backoff?: 'constant' | 'exponential';
      /**
       * The longest that an exponential delay gets. Default: 10 seconds, or `delay` where that is longer.
       */
      max_delay?: MaxDelay;
    };

/**
 * A Forkline pipeline: processes that are forked for real, daemons that serve them, and the queues, pipes, locks and joins between them.
 */
export interface PipelineFile {
  /**
   * Where editors find this schema. Forkline itself does not read it.
   */
  $schema?: string;
  /**
   * The version of the pipeline language. There is only `1`, and it may be left out.
   */
  version?: 1;
  /**
   * What the pipeline is called in reports. By default the file's name without its ending.
   */
  name?: string;
  /**
   * A sentence for people who read the reports.
   */
  description?: string;
  params?: Params;
  env?: Env;
  env_file?: EnvFile;
  /**
   * Names of environment variables that must be set when the run starts, by the runner's environment or by an `env_file`. They are passed on to every process and masked in everything that is shown or stored; in `command`, `args` and `kwargs` they are refused, because anyone on the machine can read those.
   */
  secrets?: Secret[] | string;
  defaults?: Defaults;
  /**
   * How long the whole run may take. Then everything is stopped and the exit code is 124. Without it a run may take as long as it likes.
   */
  timeout?: Duration;
  /**
   * How many processes and `each` items may run at once; daemons, joins and who waits for another attempt or another item take none. Without it there is no limit. `--slots N` on the command line overrides it.
   */
  slots?: Count;
  /**
   * The queues that processes share, by name. A process names the ones it uses in `puts`, `gets`, `each`, or wires its stdin and stdout to them.
   */
  queues?: {
    [k: string]: Queue;
  };
  /**
   * Two-way connections, by name, each between exactly two processes.
   */
  pipes?: {
    [k: string]: Pipe;
  };
  /**
   * The locks that processes share, by name. `{}` is a mutex: one owner at a time, free again when its owner ends.
   */
  locks?: {
    [k: string]: Lock;
  };
  /**
   * What runs, by name. Every process is forked as a real process of the operating system, as soon as what it `needs` holds.
   */
  processes?: {
    [k: string]: Process;
  };
  /**
   * Processes that serve the others, by name. They have no end of their own: when every process and join has ended, they are stopped.
   */
  daemons?: {
    [k: string]: Daemon;
  };
  /**
   * Points to wait at, by name: for processes to end (`p.join()`) and for queues to be closed and done (`q.join()`). Others wait for the join through `needs`.
   */
  joins?: {
    [k: string]: Join;
  };
}
/**
 * What a run can be given with `--param name=value`, read as `${{ params.name }}`. Each is a bare default value, or a JSON Schema that says what fits.
 */
export interface Params {
  [k: string]: Param;
}
/**
 * Environment variables, laid over those that come from further out: the runner's own, the file's, `defaults`, then the process's. Values may hold `${{ … }}`.
 */
export interface Env {
  [k: string]: string | number | boolean;
}
/**
 * Settings that every process and daemon starts from. What a process says itself wins; `env` is merged key by key.
 */
export interface Defaults {
  timeout?: Timeout;
  retry?: Retry;
  stop?: Stop;
  shell?: Shell;
  cwd?: Cwd;
  env?: Env;
  on_failure?: OnFailure;
}
/**
 * How it is stopped: a signal to its whole process tree, and SIGKILL to what is left after `grace`.
 */
export interface Stop {
  /**
   * The signal that asks it to end.
   */
  signal?: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGWINCH' | 'SIGKILL';
  /**
   * How long it has before what is left of it is killed.
   */
  grace?: Duration;
}
/**
 * A queue that processes share. It closes when all who put to it have ended, and those who get from it then see its end.
 */
export interface Queue {
  /**
   * In what order items are taken. An item that comes back takes its old place. Other orders than `fifo` are decided at the moment of each get, so nothing is read ahead.
   */
  order?: 'fifo' | 'lifo' | 'priority' | 'deque';
  /**
   * How many items may wait; at that, `put` waits until one is taken. 0: no limit on the count. A bound keeps a fast producer from running ahead of a slow consumer.
   */
  maxsize?: Count;
  /**
   * How many bytes of items may wait; at that, `put` waits as at `maxsize`. One larger item is let in alone.
   */
  max_bytes?: Size;
  /**
   * What a put to a full queue does: to one in which `maxsize` items wait, or `max_bytes` of them.
   */
  overflow?: 'block' | 'drop_oldest' | 'drop_newest' | 'fail';
  /**
   * What an item is.
   */
  encoding?: 'json' | 'text' | 'bytes' | 'pickle';
  /**
   * Whether every put waits until the broker has the item. Slower, and nothing is lost even if the producer is killed the moment after.
   */
  confirm?: boolean;
  /**
   * A JSON Schema for items, inline or a `$ref` to a file in the pipeline's folder. An item that does not fit is refused to the one who puts it (`ItemRefused`), with the place in it and the reason. For `json` and `text` only.
   */
  item?: {} | boolean;
  from?: From;
  to?: To;
  /**
   * What happens to an item whose taker dies.
   */
  delivery?: 'at-least-once' | 'at-most-once';
  /**
   * How often an item may be delivered before it goes to `dead_letter`, or fails the run where there is none.
   */
  attempts?: number;
  /**
   * The queue for items that were delivered `attempts` times and never done. It has the same `encoding`, no `item` and no `maxsize`.
   */
  dead_letter?: Reference;
  /**
   * What it means that items are left in it when the run ends.
   */
  leftover?: 'fail' | 'warn' | 'ignore';
  /**
   * Whether it comes from the pipeline that uses this file (`uses`), which must then `connect` it. Run by itself, such a file is refused.
   */
  external?: boolean;
}
export interface ItemsFromLines {
  /**
   * A file of which each line is an item: a text, without its LF.
   */
  lines: string;
}
export interface ItemsFromJson {
  /**
   * A file of which each line is an item: a text, without its LF.
   */
  lines?: string;
  /**
   * A file that holds one array, or one value a line; each value is an item.
   */
  json: string;
}
export interface ItemsFromGlob {
  /**
   * A file of which each line is an item: a text, without its LF.
   */
  lines?: string;
  /**
   * A file that holds one array, or one value a line; each value is an item.
   */
  json?: string;
  /**
   * A pattern of `*`, `?`, `[a-z]`, `{a,b}` and `**`; the path of each file that matches is an item.
   */
  glob: string;
}
export interface ItemsToLines {
  /**
   * The file that gets each item as a line: a text as it is, any other value as JSON. A text with a line break fails the run.
   */
  lines: string;
}
export interface ItemsToJson {
  /**
   * The file that gets each item as a line: a text as it is, any other value as JSON. A text with a line break fails the run.
   */
  lines?: string;
  /**
   * The file that gets each item as a line of JSON.
   */
  json: string;
}
/**
 * A lock that processes share. `{}` is a mutex. When its owner ends, however it ends, it is free again.
 */
export interface Lock {
  /**
   * What kind of lock it is.
   */
  kind?: 'mutex' | 'rw';
  /**
   * How many may hold it at once: a counting semaphore.
   */
  permits?: number;
  /**
   * Whether its owner may take it again, and then gives it back as often: an RLock.
   */
  reentrant?: boolean;
  /**
   * Among whom it is shared.
   */
  scope?: 'run' | 'host';
  /**
   * By default an owner may take an idle lock again for at most 1 ms before those who wait; `strict` switches that off.
   */
  fair?: 'strict';
  /**
   * Whether only its owner may give it back. `false` is Python's plain lock, which anyone may release.
   */
  owned?: boolean;
  /**
   * Whether it comes from the pipeline that uses this file (`uses`), which must then `connect` it. Run by itself, such a file is refused.
   */
  external?: boolean;
}
export interface ShellProcess {
  run: Run;
  with?: With;
  connect?: Connect;
  shell?: Shell;
  needs?: Needs;
  if?: If;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  each?: Each;
  workers?: Workers;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  ready?: Ready;
  stop?: Stop;
  on_failure?: OnFailure;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
  outputs?: Outputs;
}
/**
 * Values for the params of the file it `uses`. Expressions in it may use what is known when the plan is made: `params`, `env`, `matrix`, `replica`.
 */
export interface With {
  [k: string]: Json;
}
/**
 * Which queues and locks of this file take the place of those of the file it `uses`: a map from the name there to the name here. What is not named stays its own. The settings of the one here count.
 */
export interface Connect {
  [k: string]: Reference;
}
export interface StdinFromAQueue {
  /**
   * The queue whose items are written to it, one a line. It counts as `gets`.
   */
  queue: Reference;
  format?: Format;
  /**
   * When an item that was fed to it counts as done.
   */
  done?: 'written' | 'exit';
}
export interface StdinFromAProcess {
  /**
   * The queue whose items are written to it, one a line. It counts as `gets`.
   */
  queue?: Reference;
  /**
   * The process whose standard output it reads, through a real pipe of the kernel's. Both are started together, and nobody else reads it.
   */
  process: Reference;
}
export interface StdinFromAFile {
  /**
   * The queue whose items are written to it, one a line. It counts as `gets`.
   */
  queue?: Reference;
  /**
   * The process whose standard output it reads, through a real pipe of the kernel's. Both are started together, and nobody else reads it.
   */
  process?: Reference;
  /**
   * A file to read. The path starts at the pipeline's file.
   */
  file: string;
}
export interface OutputToAQueue {
  /**
   * The queue that each line is put to. It counts as `puts`. A line that is not what the queue takes fails the process.
   */
  queue: Reference;
  format?: Format;
}
export interface OutputToAFile {
  /**
   * The queue that each line is put to. It counts as `puts`. A line that is not what the queue takes fails the process.
   */
  queue?: Reference;
  /**
   * A file to write. The path starts at the pipeline's file.
   */
  file: string;
  /**
   * Whether to write after what is already in the file, instead of emptying it first.
   */
  append?: boolean;
}
export interface ReadyByLog {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log: string;
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface ReadyByHttp {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log?: string;
  /**
   * Ready once this URL answers with `status`.
   */
  http: string;
  /**
   * The status, or the list of them, that `http` must answer with. Without it any from 200 to 399: a redirect is an answer, and is not followed.
   */
  status?: number | number[];
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface ReadyByTcp {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log?: string;
  /**
   * Ready once this URL answers with `status`.
   */
  http?: string;
  /**
   * Ready once something accepts connections at this `host:port`.
   */
  tcp: string;
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface ReadyByExec {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log?: string;
  /**
   * Ready once this URL answers with `status`.
   */
  http?: string;
  /**
   * Ready once something accepts connections at this `host:port`.
   */
  tcp?: string;
  /**
   * Ready once this shell command, or argv, exits 0. A shell command is one for `sh`.
   */
  exec: string | string[];
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface ReadyByFile {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log?: string;
  /**
   * Ready once this URL answers with `status`.
   */
  http?: string;
  /**
   * Ready once something accepts connections at this `host:port`.
   */
  tcp?: string;
  /**
   * Ready once this shell command, or argv, exits 0. A shell command is one for `sh`.
   */
  exec?: string | string[];
  /**
   * Ready once this file exists. The path starts at the pipeline's file.
   */
  file: string;
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface ReadyBySdk {
  /**
   * Ready once a line of its output matches this regular expression (RE2), anywhere in the line.
   */
  log?: string;
  /**
   * Ready once this URL answers with `status`.
   */
  http?: string;
  /**
   * Ready once something accepts connections at this `host:port`.
   */
  tcp?: string;
  /**
   * Ready once this shell command, or argv, exits 0. A shell command is one for `sh`.
   */
  exec?: string | string[];
  /**
   * Ready once this file exists. The path starts at the pipeline's file.
   */
  file?: string;
  /**
   * Ready once it says so: `ready()` of the SDK, or `forkline ready`.
   */
  sdk: true;
  /**
   * How long after a try that did not hold the next one follows.
   */
  interval?: Duration;
  /**
   * How long it may take to become ready; then it has failed, and says which probe never held.
   */
  timeout?: Duration;
}
export interface CommandProcess {
  run?: Run;
  command: Command;
  with?: With;
  connect?: Connect;
  needs?: Needs;
  if?: If;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  each?: Each;
  workers?: Workers;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  ready?: Ready;
  stop?: Stop;
  on_failure?: OnFailure;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
  outputs?: Outputs;
}
export interface SubPipeline {
  run?: Run;
  command?: Command;
  uses: Uses;
  with?: With;
  connect?: Connect;
  needs?: Needs;
  if?: If;
  replicas?: Replicas;
  matrix?: Matrix;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  on_failure?: OnFailure;
}
export interface TargetProcess {
  run?: Run;
  command?: Command;
  target: Target;
  uses?: Uses;
  with?: With;
  connect?: Connect;
  args?: Args;
  kwargs?: Kwargs;
  needs?: Needs;
  if?: If;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  each?: Each;
  workers?: Workers;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  ready?: Ready;
  stop?: Stop;
  on_failure?: OnFailure;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
  outputs?: Outputs;
}
/**
 * The arguments by name that `target` is called with: keywords in Python, one last object in JavaScript.
 */
export interface Kwargs {
  [k: string]: Json;
}
export interface ShellDaemon {
  run: Run;
  shell?: Shell;
  needs?: Needs;
  if?: If;
  ready?: Ready;
  restart?: Restart;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  stop?: Stop;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
}
export interface CommandDaemon {
  run?: Run;
  command: Command;
  needs?: Needs;
  if?: If;
  ready?: Ready;
  restart?: Restart;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  stop?: Stop;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
}
export interface TargetDaemon {
  run?: Run;
  command?: Command;
  target: Target;
  args?: Args;
  kwargs?: Kwargs;
  needs?: Needs;
  if?: If;
  ready?: Ready;
  restart?: Restart;
  puts?: Puts;
  gets?: Gets;
  stdin?: Stdin;
  stdout?: Stdout;
  stderr?: Stderr;
  tty?: Tty;
  replicas?: Replicas;
  matrix?: Matrix;
  cwd?: Cwd;
  env?: Env;
  env_file?: EnvFile;
  timeout?: Timeout;
  success_exit_codes?: SuccessExitCodes;
  retry?: Retry;
  stop?: Stop;
  locks?: UsesLocks;
  holds?: Holds;
  controls?: Controls;
}
/**
 * A point to wait at: it passes when its `processes` have succeeded and its `queues` are closed and done.
 */
export interface Join {
  /**
   * The processes to wait for, until they have ended. Daemons have no end and cannot be joined.
   */
  processes?: References;
  /**
   * The queues to wait for, until they are closed and every item is taken and done.
   */
  queues?: References;
  /**
   * How many must succeed: `all`, `any` (the first to succeed) or a number (the first so many). The last two take processes only, and count instances.
   */
  mode?: string | number;
  /**
   * What must hold before it starts to wait; `timeout` counts from then.
   */
  needs?: Needs;
  /**
   * How long it waits at most; then `on_timeout` says what that means. Without it, as long as it takes.
   */
  timeout?: Duration;
  /**
   * What happens when `timeout` is over.
   */
  on_timeout?: 'fail' | 'continue' | 'terminate';
  /**
   * What happens to those of `processes` that still run once it passed. With `mode: any` this makes a race.
   */
  on_pass?: 'terminate';
}
