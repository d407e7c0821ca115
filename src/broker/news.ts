// What the channels have to tell the run, and the same as a notice to it.
import type { NodeId } from '../plan/plan.ts';
import type { Notice } from './control.ts';
import type { ChannelNews } from './effect.ts';

export type News =
  | (Exclude<ChannelNews, { type: 'dead' }> & { readonly channel: string })
  | {
      readonly type: 'dead_lettered';
      readonly channel: string;
      readonly node: NodeId;
      readonly count: number;
      readonly deadLetter: string;
      readonly reason: string;
    }
  | { readonly type: 'closed'; readonly channel: string; readonly aborted: boolean };

export function noticeOf(news: News): Notice {
  const { channel } = news;
  switch (news.type) {
    case 'abandoned':
      return { type: 'abandoned', lock: channel, node: news.node };
    case 'closed':
      return { type: 'closed', queue: channel, aborted: news.aborted };
    case 'drained':
      return { type: 'drained', queue: channel };
    case 'stranded':
      return { type: 'stranded', queue: channel, reason: news.reason };
    case 'redelivered':
      return { type: 'redelivered', queue: channel, node: news.node, count: news.count };
    case 'dead_lettered': {
      const { type, node, count, deadLetter, reason } = news;
      return { type, queue: channel, node, count, deadLetter, reason };
    }
    case 'untold':
      return { type: 'untold', queue: channel };
    case 'exhausted':
      return { type: 'exhausted', queue: channel, node: news.node };
  }
}
