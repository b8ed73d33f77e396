// The bytes of an echo: what a client sends, and what must come back for it, byte by byte. It must not know any socket.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { makeFrame } from '../../core/frames.js';
import { makePayload, Random } from '../../core/inputs.js';

/** So many different messages are sent in turn; no more are ever on their way at once. */
export const CYCLE = 16;

/** Frames of one length, and the frames that answer them: every cycle is there twice, so that no part of one is cut. */
export interface Wire {
  readonly requests: Buffer;
  readonly requestLength: number;
  /** A server's frames are in one form only: shortest length, no mask. So what comes back is compared as it is. */
  readonly replies: Buffer;
  readonly replyLength: number;
}

export function makeWire(isText: boolean, size: number): Wire {
  const random = new Random(size);
  const opcode = isText ? OPCODE_TEXT : OPCODE_BINARY;
  const requests: Uint8Array[] = [];
  const replies: Uint8Array[] = [];
  for (let i = 0; i < CYCLE; i++) {
    const payload = makePayload(isText ? 'ascii' : 'binary', size, random);
    requests.push(makeFrame(opcode, payload, random.bytes(4)));
    replies.push(makeFrame(opcode, payload));
  }
  return {
    requests: Buffer.concat([...requests, ...requests]),
    requestLength: requests[0]!.length,
    replies: Buffer.concat([...replies, ...replies]),
    replyLength: replies[0]!.length,
  };
}
