// What both sides of a handshake over streams share: how a head is read, and what the handshake comes to. accept.ts and connect.ts
// are the two sides.

import type { HeadReader } from '../handshake/head.js';
import type { MessageCompression } from '../messages/compression.js';
import { ProtocolError } from '../protocol/errors.js';
import type { Transport } from './byte-streams.js';

/** What a handshake comes to. */
export interface HandshakeResult<Opened> {
  readonly opened: Opened;
  readonly protocol: string;
  readonly extensions: string;
  readonly compression: MessageCompression | undefined;
  /** Bytes that came behind the peer's head. */
  readonly rest: Uint8Array;
}

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
