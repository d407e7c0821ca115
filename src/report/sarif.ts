// Findings in SARIF 2.1.0, the form that code scanners exchange.
import type { Located, Place } from './located.ts';

export function sarif(findings: readonly Located[]): object {
  const rules = [...new Set(findings.map(({ code }) => code))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'forkline', rules: rules.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, rules)),
      },
    ],
  };
}

function result({ file, code, severity, message, hint, related, ...place }: Located, rules: readonly string[]): object {
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    level: severity,
    message: { text: hint === null ? message : `${message}\n${hint}` },
    locations: [{ physicalLocation: location(file, place) }],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map((one, id) => ({
            id,
            message: { text: one.message },
            physicalLocation: location(one.file ?? file, one),
          })),
        }),
  };
}

function location(file: string, { line, column, endLine, endColumn }: Place): object {
  return {
    artifactLocation: { uri: file.split(/[\\/]/).map(encodeURIComponent).join('/') },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  };
}
