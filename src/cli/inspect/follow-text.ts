// What `tshark -q -z follow,tls,raw,N` prints of a connection: the bytes of both directions in hex, a line for each piece, those of one
// end indented. tshark decrypts TLS by an SSLKEYLOGFILE; this only reads what it says.

import { guessSender } from '../../capture/looks-like-frame.js';
import type { Sender } from '../../capture/tcp-connections.js';

/** How it begins, after warnings that may come before. */
export const FOLLOW_TEXT = /^=+\r?\nFollow: \w+,raw\r?$/m;
const LINE = /^(\t?)((?:[0-9a-f]{2})+)\r?$/gim;

export interface FollowedBytes {
  readonly from: Sender;
  readonly bytes: Uint8Array;
}

/** The pieces in the order in which they passed. */
export function parseFollowText(text: string): FollowedBytes[] {
  const pieces = [...text.matchAll(LINE)].map(([, indent = '', hex = '']) => ({
    isIndented: indent !== '',
    bytes: new Uint8Array(Buffer.from(hex, 'hex')),
  }));
  const [first] = pieces;
  if (first === undefined) return [];
  const firstSender = guessSender(first.bytes);
  const other: Sender = firstSender === 'client' ? 'server' : 'client';
  return pieces.map(({ isIndented, bytes }) => ({
    from: isIndented === first.isIndented ? firstSender : other,
    bytes,
  }));
}
