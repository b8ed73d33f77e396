// Whether bytes may be the beginning of a frame, for finding one in the middle of a stream. It guesses, and judges nothing.

import {
  FIN,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASKED,
  MAX_CONTROL_PAYLOAD,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CONTROL_BIT,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV_BITS,
  RSV1,
} from '../../assembly/shared/protocol.js';
import { decodeLatin1 } from '../handshake/head.js';
import type { Sender } from './tcp-connections.js';

/** Of those that Linux gives out; other systems begin higher. */
const FIRST_EPHEMERAL_PORT = 32768;

/** Continuations do not count: what they continue is not there. */
export function looksLikeFrame(bytes: Uint8Array, from: Sender, allowRsv1: boolean): boolean {
  if (bytes.length < 2) return false;
  const first = bytes[0]!;
  const second = bytes[1]!;
  const opcode = first & OPCODE_BITS;
  const isControl = (opcode & OPCODE_CONTROL_BIT) !== 0;
  const length = second & LENGTH_BITS;
  if (((second & MASKED) !== 0) !== (from === 'client')) return false;
  if ((first & RSV_BITS & ~(allowRsv1 && !isControl ? RSV1 : 0)) !== 0) return false;
  if (isControl) return opcode <= OPCODE_PONG && (first & FIN) !== 0 && length <= MAX_CONTROL_PAYLOAD;
  if (opcode !== OPCODE_TEXT && opcode !== OPCODE_BINARY) return false;
  // The shortest form of the length; of a 64-bit one the first two bytes are zero in anything that one meets.
  if (length === LENGTH_16 && bytes.length >= 4) return bytes[2] !== 0 || bytes[3]! > MAX_CONTROL_PAYLOAD;
  if (length === LENGTH_64 && bytes.length >= 4) return bytes[2] === 0 && bytes[3] === 0;
  return true;
}

/**
 * Guesses the sender of bytes that begin anywhere. Ports tell more than bytes from the middle of a frame: systems give clients
 * a port from the upper half.
 */
export function guessSender(bytes: Uint8Array, sourcePort = 0, destinationPort = 0): Sender {
  const start = decodeLatin1(bytes.subarray(0, 5));
  if (start.startsWith('GET ')) return 'client';
  if (start === 'HTTP/') return 'server';
  const isFromUpperHalf = sourcePort >= FIRST_EPHEMERAL_PORT;
  if (isFromUpperHalf !== destinationPort >= FIRST_EPHEMERAL_PORT) return isFromUpperHalf ? 'client' : 'server';
  return (bytes[1]! & MASKED) !== 0 ? 'client' : 'server';
}
