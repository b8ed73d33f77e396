// `broadcast`: one message to many WebSockets, framed once.

import { PreparedMessage } from '../../frames/prepared-message.js';
import { inBatch } from '../socket/writes/write-batch.js';
import { isBlob, type Sendable, type SendOptions, toPayload } from './sendable.js';
import type { WebSocket } from './websocket.js';

/**
 * Sends a message to all open connections of these, such as `server.clients`.
 *
 * ```ts
 * broadcast(server.clients, JSON.stringify(news));
 * ```
 *
 * @param message prepare it once (`PreparedMessage`) if you send the same often
 * @returns how many connections it went to
 * @throws TypeError for data that cannot be sent, a Blob included; the first error of a connection whose `sendPrepared` or listener threw,
 *   such as `WSIMD_MESSAGE_OPEN` inside a fragmented message, once all others have the message
 */
export function broadcast(
  clients: Iterable<WebSocket>,
  message: Sendable | PreparedMessage,
  options?: Pick<SendOptions, 'binary'>,
): number {
  const prepared = message instanceof PreparedMessage ? message : prepare(message, options?.binary);
  let count = 0;
  let failure: { readonly error: unknown } | undefined;
  inBatch(() => {
    for (const client of clients) {
      if (client.readyState !== client.OPEN) continue;
      try {
        client.sendPrepared(prepared);
        count++;
      } catch (error) {
        failure ??= { error };
      }
    }
  });
  if (failure !== undefined) throw failure.error;
  return count;
}

function prepare(data: Sendable, isBinary: boolean | undefined): PreparedMessage {
  const payload = toPayload(data);
  if (isBlob(payload)) {
    throw new TypeError('a Blob cannot be broadcast: read it first');
  }
  return new PreparedMessage(payload, isBinary === undefined ? {} : { binary: isBinary });
}
