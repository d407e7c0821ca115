// What a schedule decides, in a word or two each, as the tests of schedules tell it.
import type { ScheduleEffect } from '../../src/run/schedule-effect.ts';

/** `start a`, `admit b`, `wait j`, `skipped b`, `stop c`, `terminate d`, `stopping`, `over`, `over failed a`. */
export function words(effects: readonly ScheduleEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.do === 'end') return `${effect.fate.outcome} ${effect.fate.node}`;
    if (effect.do === 'over')
      return ['over', ...(effect.failed.length > 0 ? ['failed', ...effect.failed] : [])].join(' ');
    if (effect.do === 'stopping') return 'stopping';
    if (effect.do === 'wait') return `wait ${effect.node}`;
    if (effect.do === 'stop') return `${effect.as === 'terminated' ? 'terminate' : 'stop'} ${effect.node}`;
    if (effect.do === 'queued') return `queued ${effect.waits.map(({ node }) => node).join(' ')}`;
    return effect.do === 'admit' ? `admit ${effect.node}` : `start ${effect.nodes.join('|')}`;
  });
}
