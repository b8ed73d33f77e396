// What one would write without a library: a decoder and an encoder in a few lines of JavaScript, as subjects. It must not
// know the codec.

import {
  FIN,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASKED,
  OPCODE_BITS,
  OPCODE_TEXT,
} from '../../../assembly/shared/protocol.js';
import type { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import { type DecodeJob, makeDecodeSubject } from '../wsimd/decode.js';
import { type Messages, makeEncodeSubject } from '../wsimd/encode.js';
import { unmaskByLoop } from '../wsimd/mask.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Whole frames with FIN, masked: nothing is checked but what TextDecoder checks. */
class PlainDecoder {
  readonly #onFrame: (opcode: number, payload: Uint8Array) => void;
  #rest = new Uint8Array(0);

  constructor(onFrame: (opcode: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    for (;;) {
      const end = this.#frame(bytes, at);
      if (end === 0) break;
      at = end;
    }
    this.#rest = bytes.slice(at);
  }

  /** @returns where the frame at `at` ends; 0 if it is not whole */
  #frame(bytes: Uint8Array, at: number): number {
    if (at + 2 > bytes.length) return 0;
    let length = bytes[at + 1]! & LENGTH_BITS;
    let start = at + 2;
    const lengthBytes = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
    if (lengthBytes > 0) {
      if (start + lengthBytes > bytes.length) return 0;
      length = 0;
      for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[start++]!;
    }
    start += 4;
    const end = start + length;
    if (end > bytes.length) return 0;
    const payload = bytes.subarray(start, end);
    unmaskByLoop(payload, bytes.subarray(start - 4, start));
    this.#onFrame(bytes[at]! & OPCODE_BITS, payload);
    return end;
  }
}

/** @param makesStrings of texts */
export function plainDecodeSubject(job: DecodeJob, makesStrings: boolean): Subject {
  let total = 0;
  const plain = new PlainDecoder((opcode, payload) => {
    total += makesStrings && opcode === OPCODE_TEXT ? decoder.decode(payload).length : payload.length;
  });
  const run = (chunks: readonly Uint8Array[]) => {
    total = 0;
    for (const chunk of chunks) plain.push(chunk);
    return total;
  };
  return makeDecodeSubject('plain JS', job, run, (chunks, digest: Digest) => {
    const collecting = new PlainDecoder((opcode, payload) => digest.add(payload).end(opcode));
    for (const chunk of chunks) collecting.push(chunk);
  });
}

/** A frame in a buffer of its own. */
function encodePlainly(opcode: number, payload: string | Uint8Array, isMasked: boolean): Uint8Array {
  const bytes = typeof payload === 'string' ? encoder.encode(payload) : payload;
  const { length } = bytes;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 0x10000 ? 2 : 8;
  const start = 2 + lengthBytes + (isMasked ? 4 : 0);
  const frame = new Uint8Array(start + length);
  frame[0] = FIN | opcode;
  frame[1] = (isMasked ? MASKED : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  for (let i = 0, rest = length; i < lengthBytes; i++, rest = Math.floor(rest / 256)) frame[1 + lengthBytes - i] = rest;
  frame.set(bytes, start);
  if (isMasked) {
    const key = frame.subarray(start - 4, start);
    crypto.getRandomValues(key);
    unmaskByLoop(frame.subarray(start), key);
  }
  return frame;
}

export function plainEncodeSubject(messages: Messages): Subject {
  const { role, opcode, payloads } = messages;
  const isMasked = role === 'client';
  const run = () => {
    let total = 0;
    for (const payload of payloads) total += encodePlainly(opcode, payload, isMasked).length;
    return total;
  };
  return makeEncodeSubject('plain JS', messages, run, () =>
    payloads.map((payload) => encodePlainly(opcode, payload, isMasked)),
  );
}
