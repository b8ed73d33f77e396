// Hands a message, or a part of one, to a connection in the way that suits its length and what is pending on the socket.

import type { Duplex } from 'node:stream';
import { isLent } from '../../../bytes/lent-buffers.js';
import { ownBytes } from '../../../bytes/owned.js';
import { MAX_SLAB_LENGTH } from '../../../bytes/thresholds.js';
import type { Connection } from '../../../connection.js';
import type { SendMessageOptions } from '../../../messages/send/message-sender.js';

const COMPRESSED: SendMessageOptions = { inSlices: true };
const COMPRESSED_BY_REFERENCE: SendMessageOptions = { inSlices: true, byReference: true };
const UNCOMPRESSED: SendMessageOptions = { compress: false };
const UNCOMPRESSED_BY_REFERENCE: SendMessageOptions = { compress: false, byReference: true };

/**
 * @param isLast false for a part with more behind it
 * @param compress whether it may be compressed; only the first part of a message counts
 */
export function sendPayload(
  connection: Connection,
  socket: Duplex,
  payload: string | Uint8Array,
  isBinary: boolean,
  isLast: boolean,
  compress: boolean,
): void {
  const options = compress ? COMPRESSED : UNCOMPRESSED;
  if (connection.isMessageOpen) {
    connection.sendFragment(payload, isLast);
  } else if (!isLast) {
    connection.startMessage(isBinary ? 'binary' : 'text', payload, options);
  } else if (typeof payload !== 'string' && payload.length >= MAX_SLAB_LENGTH && mayRefer(payload, socket)) {
    sendLong(connection, socket, payload, isBinary, compress);
  } else if (isBinary) {
    connection.sendBinary(typeof payload === 'string' ? Buffer.from(payload) : payload, options);
  } else {
    connection.sendText(payload, options);
  }
}

/** A lent buffer is wanted back soon. */
function mayRefer(payload: Uint8Array, socket: Duplex): boolean {
  return socket.writableLength === 0 || !isLent(payload);
}

/** What is long leaves from where it lies, if it leaves now. */
function sendLong(
  connection: Connection,
  socket: Duplex,
  payload: Uint8Array,
  isBinary: boolean,
  compress: boolean,
): void {
  // The peer reads slowly: the payload is pending for nobody knows how long, and the caller may reuse its memory.
  const bytes = socket.writableLength > 0 && connection.role === 'server' ? ownBytes(payload) : payload;
  const options = compress ? COMPRESSED_BY_REFERENCE : UNCOMPRESSED_BY_REFERENCE;
  if (isBinary) connection.sendBinary(bytes, options);
  else connection.sendText(bytes, options);
}
