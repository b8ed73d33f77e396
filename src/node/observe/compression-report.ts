// Reports whether the messages of a new connection are compressed, and why not.

import type { PerMessageDeflate } from '../../deflate/index.js';
import { EXTENSION_NAME } from '../../deflate/parameters.js';
import type { ExtensionOffer } from '../../handshake/extensions.js';
import { COMPRESSION_CHANNEL } from './channels.js';

/**
 * @param deflate the compression of the server; undefined if it has none
 * @param extensions those that were negotiated, as in the header
 */
export function reportNegotiation(
  websocket: object,
  deflate: Pick<PerMessageDeflate, 'failure'> | undefined,
  offers: readonly ExtensionOffer[],
  extensions: string,
): void {
  if (!COMPRESSION_CHANNEL.hasSubscribers) return;
  let reason = 'no offer of the client was acceptable';
  if (extensions !== '') reason = 'negotiated';
  else if (deflate === undefined) reason = 'perMessageDeflate is off';
  else if (!offers.some(({ name }) => name === EXTENSION_NAME)) reason = 'the client did not offer it';
  else if (deflate.failure !== undefined) reason = deflate.failure.message;
  COMPRESSION_CHANNEL.publish({ websocket, isNegotiated: extensions !== '', extensions, reason });
}
