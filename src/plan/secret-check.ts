// Whether the secrets of a pipeline that is about to run are there. Where one is set by an `env` or an `env_file` for all that runs, the
// runner's own environment is not asked.
import { Findings } from '../pipeline/finding.ts';
import type { Diagnostic } from '../pipeline/diagnostic.ts';
import type { Pipeline, ProcessDeclaration } from '../pipeline/pipeline.ts';
import type { Environment } from './resolve.ts';
import { secretProblem } from './secrets.ts';

export function checkSecrets(pipeline: Pipeline, environment: Environment): readonly Diagnostic[] {
  const { document, secrets } = pipeline;
  const findings = new Findings(document);
  for (const [at, name] of secrets.entries()) {
    const problem = isSetByPipeline(name, pipeline) ? null : secretProblem(name, environment[name]);
    if (problem === null) continue;
    findings.error('bad-secret', ['secrets', at], problem.message, { hint: problem.hint });
  }
  return findings.diagnostics;
}

function isSetByPipeline(name: string, { environment, processes }: Pipeline): boolean {
  if (environment.has(name)) return true;
  const sets = ({ environment: layers }: ProcessDeclaration) =>
    layers.some(({ entries }) => entries.some((entry) => entry.name === name));
  return processes.length > 0 && processes.every(sets);
}
