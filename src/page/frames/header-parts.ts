// The bytes of a frame header, split at its fields (RFC 6455 section 5.2), for drawing. It judges nothing: it must split
// the headers that the codec refuses, and those that end too soon, as well.

import { headerLengthOf } from '../../../assembly/shared/header-rules.js';
import { FIN, LENGTH_BITS, MASKED, OPCODE_BITS, RSV1, RSV2, RSV3 } from '../../../assembly/shared/protocol.js';

/** What has not come yet is undefined or empty. */
export interface HeaderParts {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly opcode: number;
  readonly masked: boolean | undefined;
  /** The length in the second byte: 0 to 125, or 126 or 127 where 16 or 64 bits follow. */
  readonly shortLength: number | undefined;
  readonly extendedLength: Uint8Array;
  readonly maskingKey: Uint8Array;
  /** What the length fields say; undefined until they are whole. */
  readonly payloadLength: bigint | undefined;
  /** How long the header is on the wire; as far as its second byte says, once that is there. */
  readonly headerLength: number;
}

/** @param bytes the frame from its first byte on; at least that one */
export function splitHeader(bytes: Uint8Array): HeaderParts {
  const first = bytes[0]!;
  const second = bytes[1];
  const shortLength = second === undefined ? undefined : second & LENGTH_BITS;
  const masked = second === undefined ? undefined : (second & MASKED) !== 0;
  const headerLength = headerLengthOf(second ?? 0);
  const extendedEnd = headerLength - (masked ? 4 : 0);
  return {
    fin: (first & FIN) !== 0,
    rsv1: (first & RSV1) !== 0,
    rsv2: (first & RSV2) !== 0,
    rsv3: (first & RSV3) !== 0,
    opcode: first & OPCODE_BITS,
    masked,
    shortLength,
    extendedLength: bytes.subarray(2, extendedEnd),
    maskingKey: bytes.subarray(extendedEnd, headerLength),
    payloadLength: shortLength === undefined ? undefined : readLength(bytes, shortLength, extendedEnd),
    headerLength,
  };
}

function readLength(bytes: Uint8Array, shortLength: number, extendedEnd: number): bigint | undefined {
  if (extendedEnd === 2) return BigInt(shortLength);
  if (bytes.length < extendedEnd) return undefined;
  return bytes.subarray(2, extendedEnd).reduce((length, byte) => (length << 8n) | BigInt(byte), 0n);
}
