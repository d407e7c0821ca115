// `ready: { tcp }`: whether something accepts a connection there. It is closed at once; nothing is said.
import { connect } from 'node:net';
import type { ProbeRule } from '../../plan/plan.ts';
import type { Try } from './probe.ts';
import { whyNot } from './why-not.ts';

export function tcpProbe({ host, port }: Extract<ProbeRule, { type: 'tcp' }>): Try {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, signal });
      socket.once('connect', () => {
        socket.destroy();
        resolve(null);
      });
      socket.once('error', (error) => resolve(`nothing accepts connections at \`${address}\` (${whyNot(error)})`));
    });
}
