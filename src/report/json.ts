// Every event as one line of JSON: the very lines of events.ndjson. What children print is no event of it; their logs have it.
import type { Reporter } from './reporter.ts';
import type { Screen } from './screen.ts';

export function json(out: Screen): Reporter {
  return {
    report: (event) => {
      if (event.type !== 'node.output') out.write(`${JSON.stringify(event)}\n`);
    },
    end: () => out.end(),
  };
}
