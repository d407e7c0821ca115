// What the broker knows of a process that is gone, for the run to tell from it how that ended.
import type { Account } from './control.ts';
import type { Instance } from './instance.ts';
import type { Switchboard } from './switchboard.ts';

export function accountOf(instance: Instance, { queues, pipes }: Switchboard): Account {
  const { node, unflushed, inputBrokeOff, outputClosed, outputCutOff, fed } = instance;
  const views = queues.map(({ machine }) => machine.view);
  const received = pipes.flatMap(({ machine }) => machine.incoming(node)?.view ?? []);
  const told = [...views, ...received].map((view) => view.toldEnd(node)).filter((it) => it !== null);
  return {
    unflushed,
    inputBrokeOff,
    outputClosed,
    toldEnd: told.length > 0 && told.every((it) => it),
    held: views.reduce((held, view) => held + view.heldBy(node), 0),
    ...(outputCutOff === null ? {} : { outputCutOff }),
    ...(fed === null ? {} : { fed }),
  };
}
