// The broker's process. The run speaks to it over IPC, children over the socket. Signals to the terminal's group are not for
// it: it ends when the runner says so, or is no more.
import type { Server } from 'node:net';
import { Broker } from './broker.ts';
import type { Command, Notice } from './control.ts';
import { judgesOf } from './judge.ts';
import { listen, mostConnections } from './server.ts';

let broker: Broker | null = null;
let server: Server | null = null;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {});
process.on('disconnect', () => {
  broker?.orphaned();
  process.exit(0);
});
process.on('message', (command: Command) => void perform(command));

/** A mistake of ours rejects, and so ends the process. */
async function perform(command: Command): Promise<void> {
  if (command.type === 'open') await open(command);
  else if (broker === null) throw new Error('Internal error: the first command is not `open`');
  else if (command.type === 'started') broker.started(command);
  else if (command.type === 'settle') broker.settle(command);
  else if (command.type === 'recover') broker.recover(command);
  else if (command.type === 'each') broker.each(command);
  else if (command.type === 'take') broker.workforce.take(command);
  else if (command.type === 'finished') broker.workforce.finish(command);
  else if (command.type === 'unhold') broker.holders.unhold(command.node);
  else if (command.type === 'abandon') broker.runnerSide.abandon();
  else if (command.type === 'pause') broker.pause();
  else if (command.type === 'waits') broker.tellWaits();
  else if (command.type === 'ended') broker.ended(command);
  else if (command.type === 'done') broker.done(command);
  else if (command.type === 'outlook') broker.inspected(command);
  else if (command.type === 'close') close(broker);
  else await answer(broker, command);
}

async function open(command: Extract<Command, { type: 'open' }>): Promise<void> {
  const opened = new Broker(command, notify, await judgesOf(command.channels), undefined, mostConnections());
  broker = opened;
  server = await listen(command.socket, (socket) => opened.connected(socket));
  notify({ type: 'listening' });
}

function close(open: Broker): void {
  open.close();
  server?.close();
  process.disconnect();
}

async function answer(
  open: Broker,
  command: Exclude<Extract<Command, { request: number }>, { type: 'outlook' }>,
): Promise<void> {
  const { request } = command;
  try {
    switch (command.type) {
      case 'feed':
        open.feed(command);
        return notify({ type: 'answer', request });
      case 'pour':
        open.workforce.pour(command);
        return notify({ type: 'answer', request });
      case 'collect':
        open.collect(command);
        return notify({ type: 'answer', request });
      case 'hold':
        return notify({ type: 'answer', request, value: await open.holders.hold(command) });
      case 'gone':
        return notify({ type: 'answer', request, value: await open.gone(command) });
      case 'begin':
        await open.runnerSide.begin();
        return notify({ type: 'answer', request });
      case 'finish':
        await open.runnerSide.finish(command.atOnce);
        return notify({ type: 'answer', request });
      case 'resume':
        open.resume();
        return notify({ type: 'answer', request });
      case 'count':
        return notify({ type: 'answer', request, value: { queues: open.counts(), pipes: open.pipeCounts() } });
    }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    notify({ type: 'answer', request, error: message, ...(code === undefined ? {} : { code }) });
  }
}

function notify(notice: Notice): void {
  if (process.connected) process.send?.(notice);
}
