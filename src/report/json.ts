// Every event as one line of JSON: the very lines of events.ndjson. What children print is no event of it; their logs have it.
import type { Reporter } from './reporter.ts';
import type { Screen } from './screen.ts';

/** What stands where events were left out. */
export function missingEvents(count: number): string {
  const message = `${count} ${count === 1 ? 'event is' : 'events are'} not shown, because the reader was too slow; events.ndjson has all`;
  return JSON.stringify({ time: Date.now(), type: 'warning', message });
}

export function json(out: Screen): Reporter {
  return {
    report: (event) => {
      if (event.type !== 'node.output') out.write(`${JSON.stringify(event)}\n`);
    },
    end: () => out.end(),
  };
}
