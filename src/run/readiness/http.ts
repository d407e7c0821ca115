// `ready: { http }`: whether that URL answers with one of the wanted statuses. As kubelet does it: a redirect is an answer and is not
// followed, and a certificate is not looked at, for nothing is entrusted to whoever answers.
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import type { ProbeRule } from '../../plan/plan.ts';
import type { Try } from './probe.ts';
import { whyNot } from './why-not.ts';

export function httpProbe({ url, statuses }: Extract<ProbeRule, { type: 'http' }>): Try {
  const isWanted = (status: number): boolean => statuses?.includes(status) ?? (status >= 200 && status < 400);
  return (signal) =>
    new Promise((resolve) => {
      const get = /^https:/i.test(url) ? getSecure : getPlain;
      const request = get(url, {
        signal,
        agent: false,
        rejectUnauthorized: false,
        headers: { 'user-agent': 'forkline-ready', accept: '*/*' },
      });
      request.once('response', (response) => {
        const { statusCode = 0 } = response;
        const answer = isWanted(statusCode) ? null : `\`${url}\` answered ${statusCode}`;
        readToEnd(response, () => resolve(answer));
      });
      request.once('error', (error) => resolve(`\`${url}\` does not answer (${whyNot(error)})`));
    });
}

/** So that the server sees an orderly client; but what never ends, or is long, is not waited for. */
function readToEnd(response: IncomingMessage, done: () => void): void {
  let length = 0;
  const patience = setTimeout(() => response.destroy(), BODY_MS);
  response.on('data', (bytes: Buffer) => {
    length += bytes.length;
    if (length > MOST_BODY) response.destroy();
  });
  // It has answered: what becomes of the rest says nothing.
  response.on('error', () => {});
  response.once('close', () => {
    clearTimeout(patience);
    done();
  });
}

const MOST_BODY = 10 * 1024;
const BODY_MS = 100;
