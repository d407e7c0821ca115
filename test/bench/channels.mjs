// The channels of a row, as its programs use them by their names.
import { lockOf, pipeOf, queueOf } from './stage.mjs';

export function queue(name, programs, settings) {
  const whose = (role) => Object.keys(programs).filter((id) => id.startsWith(role) || id === 'ping' || id === 'pong');
  return queueOf(name, { encoding: 'text', producers: whose('put'), consumers: whose('get'), ...settings });
}

export const mutex = (name, programs, settings) => lockOf(name, Object.keys(programs), settings);

export const pipe = (name, programs, settings) =>
  pipeOf(name, { encoding: 'text', ends: Object.keys(programs), ...settings });
