// The `ready` of one instance as it stands in the Plan: its probe complete, its durations in milliseconds.
import { resolve } from 'node:path';
import { textOf } from '../pipeline/data.ts';
import type { Scope } from '../pipeline/evaluate.ts';
import type { Formula } from '../pipeline/formula.ts';
import type { Json } from '../pipeline/json.ts';
import type { ProbeDeclaration, ReadyDeclaration } from '../pipeline/pipeline.ts';
import type { Reading } from '../pipeline/reading.ts';
import { complainOfValue, durationOf, knownValueOf } from '../pipeline/setting.ts';
import type { ProbeRule, ReadyRule } from './plan.ts';

const INTERVAL_MS = 250;
const TIMEOUT_MS = 60_000;

/** Undefined where a mistake is in it. */
export function readyRuleOf(
  { probe: declared, interval, timeout }: ReadyDeclaration,
  scope: Scope,
  root: string,
  reading: Reading,
): ReadyRule | undefined {
  const probe = probeRuleOf(declared, scope, root, reading);
  const intervalMs = interval === null ? INTERVAL_MS : durationOf(interval, scope, reading);
  const timeoutMs = timeout === null ? TIMEOUT_MS : durationOf(timeout, scope, reading);
  if (interval !== null && intervalMs === 0) complainOfValue(interval, 'it cannot be tried without a pause', reading);
  if (timeout !== null && timeoutMs === 0) complainOfValue(timeout, 'within no time nothing becomes ready', reading);
  if (probe === undefined || intervalMs === undefined || timeoutMs === undefined) return undefined;
  return { probe, intervalMs, timeoutMs };
}

export function formulasOfReady(declared: ReadyDeclaration | null): readonly (Formula | null)[] {
  if (declared === null) return [];
  const { probe, interval, timeout } = declared;
  return [probe.type === 'sdk' ? null : probe.value, interval, timeout];
}

function probeRuleOf(declared: ProbeDeclaration, scope: Scope, root: string, reading: Reading): ProbeRule | undefined {
  if (declared.type === 'sdk') return declared;
  const { type, value: formula } = declared;
  const value = knownValueOf(formula, scope, reading);
  if (value === undefined) return undefined;
  const refuse = (expected: string, hint?: string): undefined => {
    if (formula.kind === 'text') complainOfValue(formula, expected, reading);
    else reading.findings.error('bad-probe', formula.path, expected, { hint });
  };
  if (type === 'exec') return execOf(value) ?? refuse('a command is a text for the shell, or a list of texts');
  const text = textOf(value);
  if (text === null || text === '' || text.includes('\0')) return refuse('expected a text');
  switch (type) {
    case 'log':
      return { type, pattern: text };
    case 'file':
      return { type, path: resolve(root, text) };
    case 'tcp':
      return (
        tcpOf(text) ??
        refuse(`\`${text}\` is no address`, 'write `host:port`, such as `127.0.0.1:5432` or `[::1]:5432`')
      );
    case 'http':
      if (isWebAddress(text)) return { type, url: text, statuses: declared.statuses };
      return refuse(`\`${text}\` is no URL of \`http\``, 'write it out, such as `http://127.0.0.1:8080/health`');
  }
}

function execOf(value: Json): ProbeRule | undefined {
  if (typeof value === 'string') return value.includes('\0') ? undefined : { type: 'exec', argv: [...shell, value] };
  if (!Array.isArray(value)) return undefined;
  const argv = value.map(textOf);
  return argv.every((text) => text !== null && !text.includes('\0'))
    ? { type: 'exec', argv: argv as string[] }
    : undefined;
}

/** As for `run`. */
const shell = ['sh', '-eu', '-c'];

function tcpOf(text: string): ProbeRule | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= 65_535 ? { type: 'tcp', host, port } : undefined;
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/./i.test(text) && URL.canParse(text);
}
