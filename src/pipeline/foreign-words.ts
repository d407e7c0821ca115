// What other tools call the keys of this language: Docker Compose, GitHub Actions, GitLab, make, Python's multiprocessing.
// Only for hints; none of these is a key here.

/** The keys of ours that may be meant by such a word, likeliest first, however it joins its parts. */
export function ownWordsFor(word: string): readonly string[] {
  return words.get(word.replace(/(?<=[a-z])(?=[A-Z])|-/g, '_').toLowerCase()) ?? [];
}

const words: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    after: ['needs'],
    allow_failure: ['on_failure'],
    capacity: ['maxsize'],
    cmd: ['command', 'run'],
    concurrency: ['slots', 'workers'],
    consumes: ['gets'],
    continue_on_error: ['on_failure'],
    depends: ['needs'],
    depends_on: ['needs'],
    directory: ['cwd'],
    dlq: ['dead_letter'],
    entrypoint: ['command', 'target'],
    environment: ['env'],
    exec: ['command'],
    healthcheck: ['ready'],
    inputs: ['params'],
    instances: ['replicas'],
    jobs: ['processes'],
    maxsize_bytes: ['max_bytes'],
    mutexes: ['locks'],
    parallel: ['replicas', 'slots', 'workers'],
    parameters: ['params'],
    produces: ['puts'],
    readiness: ['ready'],
    requires: ['needs'],
    retries: ['retry', 'attempts'],
    scale: ['replicas'],
    script: ['run'],
    services: ['daemons'],
    size: ['maxsize'],
    stages: ['processes'],
    steps: ['processes'],
    strategy: ['matrix'],
    tasks: ['processes'],
    timeout_minutes: ['timeout'],
    type: ['order', 'kind'],
    variables: ['env'],
    vars: ['env', 'params'],
    wait_for: ['needs', 'processes'],
    when: ['if'],
    workdir: ['cwd'],
    working_dir: ['cwd'],
    working_directory: ['cwd'],
  }),
);
