// The option `signal` of a client: ends the attempt to connect and, if asked to, the open connection.

import type { EventEmitter } from 'node:events';
import { CLOSE_GOING_AWAY } from '../../../assembly/shared/protocol.js';
import { LINK } from '../operate/operable-emitter.js';
import { nextTick } from '../socket/machinery.js';
import type { ClientOptions } from './client-options.js';

/** The part of a WebSocket that a signal ends. */
export interface Abortable extends EventEmitter {
  readonly [LINK]: { emitError(error: Error): void } | undefined;
  close(closeCode?: number): void;
  terminate(): void;
}

/**
 * Watches the signal of a client, for as long as its scope says.
 *
 * @param abort ends the attempt to connect
 * @returns called when the attempt is over
 */
export function watchSignal(
  webSocket: Abortable,
  { signal, signalScope = 'handshake' }: Pick<ClientOptions, 'signal' | 'signalScope'>,
  abort: (error: Error) => void,
): () => void {
  if (!signal) return () => {};
  let isOpening = true;
  const aborted = () => {
    const error = abortError(signal);
    if (isOpening) {
      abort(error);
      return;
    }
    // The Close frame leaves if the socket takes it at once. Before Node 22, on HTTP/2, the reset of the stream overtakes it.
    webSocket.close(CLOSE_GOING_AWAY);
    webSocket.terminate();
    webSocket[LINK]?.emitError(error);
  };
  const stop = () => signal.removeEventListener('abort', aborted);
  // Of a signal that has been aborted already, events must not come before their listeners.
  if (signal.aborted) nextTick(() => isOpening && aborted());
  else signal.addEventListener('abort', aborted, { once: true });
  webSocket.once('close', stop);
  return () => {
    isOpening = false;
    if (signalScope === 'connection') return;
    stop();
    webSocket.removeListener('close', stop);
  };
}

/** The error that Node's own functions give. */
function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}
