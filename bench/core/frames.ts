// Frames by the letter of RFC 6455 section 5.2, in the plainest code. It must not know the codec: it is what the codec's
// input is made with and its output compared with.

import { FIN, LENGTH_16, LENGTH_64, LENGTH_BITS, MASKED, OPCODE_BITS } from '../../assembly/shared/protocol.js';
import type { Digest } from './digest.js';

/** One frame by the letter of RFC 6455 section 5.2; masked if there is a key. @param isFinal whether it has FIN */
export function makeFrame(opcode: number, payload: Uint8Array, key?: Uint8Array, isFinal = true): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 0x10000 ? 2 : 8;
  const start = 2 + lengthBytes + (key?.length ?? 0);
  const frame = new Uint8Array(start + length);
  frame[0] = (isFinal ? FIN : 0) | opcode;
  frame[1] = (key ? MASKED : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  for (let i = 0, rest = length; i < lengthBytes; i++, rest = Math.floor(rest / 256)) frame[1 + lengthBytes - i] = rest;
  if (key) frame.set(key, start - 4);
  for (let i = 0; i < length; i++) frame[start + i] = payload[i]! ^ (key?.[i & 3] ?? 0);
  return frame;
}

/** Reads whole frames and adds their payloads to a digest. @throws Error if a frame is not as `makeFrame` makes it */
export function digestFrames(bytes: Uint8Array, isMasked: boolean, digest: Digest): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length7 = bytes[at + 1]! & LENGTH_BITS;
    const lengthBytes = length7 === LENGTH_64 ? 8 : length7 === LENGTH_16 ? 2 : 0;
    const length =
      lengthBytes === 8 ? Number(view.getBigUint64(at + 2)) : lengthBytes === 2 ? view.getUint16(at + 2) : length7;
    const keyAt = at + 2 + lengthBytes;
    const start = isMasked ? keyAt + 4 : keyAt;
    const key = isMasked ? bytes.subarray(keyAt, start) : undefined;
    const opcode = bytes[at]! & OPCODE_BITS;
    const payload = new Uint8Array(bytes.subarray(start, start + length));
    if (key) for (let i = 0; i < length; i++) payload[i]! ^= key[i & 3]!;
    const frame = makeFrame(opcode, payload, key);
    if (frame.some((byte, i) => byte !== bytes[at + i])) throw new Error(`the frame at ${at} is not as it should be`);
    digest.add(payload).end(opcode);
    at += frame.length;
  }
}
