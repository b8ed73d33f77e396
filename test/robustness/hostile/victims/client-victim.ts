// A client process for hostile servers: connects as it is told, and says what came of it and what it did not handle.
//
//     node build/test/robustness/hostile/victims/client-victim.js

import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, WebSocket } from '../../../../src/node/index.js';
import { answerQuestions, guardProcess, openSockets } from '../../guard.js';

export interface Dial {
  readonly url: string;
  readonly options: ClientOptions;
  /** Connect on a stream of an HTTP/2 session with the URL's host. */
  readonly onSession: boolean;
  /** Further `headers` of the request, where IPC would change them. */
  readonly sends: string | undefined;
}

export type ClientQuestion = { readonly what: 'dial'; readonly dial: Dial } | { readonly what: 'faults' | 'sockets' };

export interface Outcome {
  /** What the constructor threw. */
  readonly thrown?: string;
  readonly isOpened: boolean;
  readonly errors: readonly string[];
  readonly closes: readonly number[];
  readonly messages: number;
}

const guard = guardProcess();
/** Milliseconds: a connection that neither opens nor fails by then never will. */
const PATIENCE = 10_000;
/** Milliseconds in which what a constructor left behind would show. */
const AFTERMATH = 700;

answerQuestions(async (question: ClientQuestion) => {
  if (question.what === 'dial') return dial(question.dial);
  if (question.what === 'faults') return guard.faults.splice(0);
  for (let waited = 0; waited < PATIENCE && openSockets() > 0; waited += 50) await sleep(50);
  return openSockets();
});

async function dial({ url, options, onSession, sends }: Dial): Promise<Outcome> {
  const session = onSession ? connectHttp2(url.replace('ws', 'http')) : undefined;
  session?.on('error', () => {});
  const outcome = { isOpened: false, errors: [] as string[], closes: [] as number[], messages: 0 };
  try {
    const socket = new WebSocket(url, { ...options, ...(session === undefined ? {} : { session }) });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on(
      'error',
      (error: Error & { code?: string }) => void outcome.errors.push(`${error.code}: ${error.message}`),
    );
    socket.on('close', (code) => void outcome.closes.push(code));
    socket.on('message', () => void outcome.messages++);
    socket.on('open', () => {
      outcome.isOpened = true;
      if (sends !== undefined) socket.send(sends);
      setTimeout(() => socket.close(), 300);
    });
    await Promise.race([ended, sleep(PATIENCE, undefined, { ref: false })]);
    if (outcome.closes.length === 0)
      outcome.errors.push(`no \`close\` within ${PATIENCE} ms: readyState ${socket.readyState}`);
    socket.terminate();
    return outcome;
  } catch (error) {
    await sleep(AFTERMATH);
    return { ...outcome, thrown: String(error) };
  } finally {
    session?.destroy();
  }
}
