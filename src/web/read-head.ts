// The head of a request or a response, read from a transport: what both sides of the handshake begin with. What it says it
// does not look at.

import type { HeadReader } from '../handshake/head.js';
import { ProtocolError } from '../protocol/errors.js';
import type { Transport } from './transport.js';

/**
 * Reads until a head is whole.
 *
 * @throws ProtocolError `WSIMD_HEAD_TOO_LARGE`, `WSIMD_CONNECTION_LOST`
 */
export async function readHead(
  transport: Transport,
  reader: HeadReader,
): Promise<{ readonly head: Uint8Array; readonly rest: Uint8Array }> {
  for (;;) {
    const chunk = await transport.read();
    if (chunk === undefined) throw new ProtocolError('WSIMD_CONNECTION_LOST', { detail: 'during the handshake' });
    const received = reader.push(chunk);
    if (received !== undefined) return received;
  }
}
