// What the composer sends, as bytes: messages in one frame or several, control frames, and frames that break rules on purpose. Knows
// no DOM.

import {
  FIN,
  MASKED,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_TEXT,
  RSV_BITS,
} from '../../../assembly/shared/protocol.js';
import type { Sender } from '../../capture/tcp-connections.js';
import { FrameEncoder } from '../../index.js';
import { concat } from '../bytes.js';
import { parseHexOrNone } from '../frames/parse-hex.js';

/** `raw` are the bytes of frames in hex. */
export type Kind = 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'raw';

const CLOSE_CONTENT = /^(\d{1,5})?\s*(.*)$/s;
const encoders: Record<Sender, FrameEncoder> = {
  client: new FrameEncoder({ role: 'client' }),
  server: new FrameEncoder({ role: 'server' }),
};

/**
 * @param content a text; for `binary` and `raw` bytes in hex; for `close` a code and a reason
 * @param frames how many a message is cut into
 * @throws ProtocolError or HexError for content that makes no such frame
 */
export function compose(kind: Kind, content: string, frames: number, sender: Sender): Uint8Array {
  const encoder = encoders[sender];
  switch (kind) {
    case 'text':
      return fragments(OPCODE_TEXT, new TextEncoder().encode(content), frames, encoder);
    case 'binary':
      return fragments(OPCODE_BINARY, parseHexOrNone(content), frames, encoder);
    case 'ping':
      return encoder.encodePing(content);
    case 'pong':
      return encoder.encodePong(content);
    case 'close': {
      const [, code, reason = ''] = CLOSE_CONTENT.exec(content)!;
      return code === undefined && reason === '' ? encoder.encodeClose() : encoder.encodeClose(Number(code), reason);
    }
    case 'raw':
      return parseHexOrNone(content);
  }
}

/** Cuts a message into frames of about the same length, the first with its opcode. */
function fragments(opcode: number, payload: Uint8Array, count: number, encoder: FrameEncoder): Uint8Array {
  const length = Math.ceil(payload.length / count);
  let sent = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const part = payload.subarray(i * length, (i + 1) * length);
    const frame = encoder.encode(i === 0 ? opcode : OPCODE_CONTINUATION, part, { fin: i === count - 1 });
    sent = new Uint8Array(concat(sent, frame));
  }
  return sent;
}

/** The header of a frame, with a masking key of zeros from a client. */
function header(first: number, length: number, sender: Sender, isMasked = sender === 'client'): number[] {
  return [first, (isMasked ? MASKED : 0) | length, ...(isMasked ? [0, 0, 0, 0] : [])];
}

/** Frames that break one rule each, by what they break. A peer must fail the connection for each of them. */
export const BROKEN_FRAMES: ReadonlyMap<string, (sender: Sender) => number[]> = new Map([
  ['a reserved opcode', (sender: Sender) => header(FIN | 3, 0, sender)],
  ['reserved bits', (sender: Sender) => header(FIN | RSV_BITS | OPCODE_TEXT, 0, sender)],
  ['the wrong masking for its sender', (sender: Sender) => header(FIN | OPCODE_TEXT, 0, sender, sender === 'server')],
  ['invalid UTF-8', (sender: Sender) => [...header(FIN | OPCODE_TEXT, 1, sender), 0xff]],
  ['a continuation of nothing', (sender: Sender) => header(FIN | OPCODE_CONTINUATION, 0, sender)],
  [
    'a message inside a message',
    (sender: Sender) => [...header(OPCODE_TEXT, 0, sender), ...header(FIN | OPCODE_TEXT, 0, sender)],
  ],
  [
    'a length that is not in its shortest form',
    (sender: Sender) => {
      const [first = 0, second = 0, ...key] = header(FIN | OPCODE_TEXT, 126, sender);
      return [first, second, 0, 1, ...key, 0x61];
    },
  ],
  ['a ping without FIN', (sender: Sender) => header(OPCODE_PING, 0, sender)],
  [
    'a ping of 126 bytes',
    (sender: Sender) => {
      const [first = 0, second = 0, ...key] = header(FIN | OPCODE_PING, 126, sender);
      return [first, second, 0, 126, ...key, ...new Array<number>(126).fill(0x61)];
    },
  ],
  ['a Close frame of 1 byte', (sender: Sender) => [...header(FIN | OPCODE_CLOSE, 1, sender), 3]],
  ['a close code that no frame may have', (sender: Sender) => [...header(FIN | OPCODE_CLOSE, 2, sender), 0x03, 0xed]],
]);
