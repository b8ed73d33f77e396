// Frames that break a rule of RFC 6455, each with the error and the byte at which it is found, for decode-errors.test.ts.
// Data only: it decodes nothing.

import {
  OPTION_ALLOW_RSV1,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
} from '../../../../assembly/shared/layout.js';
import {
  ERROR_CLOSE_CODE,
  ERROR_CLOSE_PAYLOAD,
  ERROR_CONTROL_TOO_LONG,
  ERROR_FRAGMENTED_CONTROL,
  ERROR_FRAME_TOO_LONG,
  ERROR_INVALID_UTF8,
  ERROR_LENGTH_NOT_MINIMAL,
  ERROR_LENGTH_TOP_BIT,
  ERROR_MASKED,
  ERROR_MESSAGE_TOO_LONG,
  ERROR_NOT_MASKED,
  ERROR_RESERVED_BITS,
  ERROR_RESERVED_OPCODE,
  ERROR_STRAY_CONTINUATION,
  ERROR_UNFINISHED_MESSAGE,
  FIN,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV1,
  RSV2,
  RSV3,
} from '../../../../assembly/shared/protocol.js';
import { randomBytes } from '../../../support/inputs/random.js';
import {
  FIN_BINARY,
  FIN_CLOSE,
  FIN_CONTINUATION,
  FIN_PING,
  FIN_PONG,
  FIN_TEXT,
  type FrameSpec,
  frame,
  fromClient,
  NO_LIMIT,
  type Settings,
  utf8,
} from '../../../support/kernels/decoding.js';

export const fromServer = (first: number, payload: FrameSpec['payload'] = []) => frame({ first, payload });

export interface Fault {
  readonly what: string;
  /** Valid frames before. */
  readonly before?: readonly Uint8Array[];
  readonly frame: Uint8Array;
  readonly error: number;
  /** Of the byte at fault, counted from the frame's start. */
  readonly offset: number;
  readonly settings?: Settings;
}

/** An open text message, and an open binary one. */
export const OPEN_TEXT = [fromClient(OPCODE_TEXT, utf8('open'))];
export const OPEN_BINARY = [fromClient(OPCODE_BINARY, [1])];
export const WITH_RSV1 = { options: OPTION_REQUIRE_MASKED | OPTION_ALLOW_RSV1 };
export const CLIENT = { options: OPTION_REQUIRE_UNMASKED };

export const FAULTS: readonly Fault[] = [
  // ---- The first two bytes
  { what: 'RSV1 without an extension', frame: fromClient(FIN_TEXT | RSV1, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  { what: 'RSV2', frame: fromClient(FIN_TEXT | RSV2, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  { what: 'RSV3', frame: fromClient(FIN_BINARY | RSV3, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  ...[
    FIN_TEXT | RSV2,
    FIN_TEXT | RSV1 | RSV3,
    FIN_PING | RSV1,
    FIN_PONG | RSV1,
    FIN_CLOSE | RSV1,
    FIN_BINARY | RSV2,
  ].map((first) => ({
    what: `first byte 0x${first.toString(16)} where RSV1 is owned`,
    frame: fromClient(first),
    error: ERROR_RESERVED_BITS,
    offset: 0,
    settings: WITH_RSV1,
  })),
  ...[FIN_CONTINUATION | RSV1, OPCODE_CONTINUATION | RSV1].map((first) => ({
    what: `RSV1 on a continuation, first byte 0x${first.toString(16)}`,
    before: [fromClient(OPCODE_TEXT | RSV1, [1])],
    frame: fromClient(first),
    error: ERROR_RESERVED_BITS,
    offset: 0,
    settings: WITH_RSV1,
  })),
  ...[0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf].flatMap((opcode) =>
    [FIN, 0].map((fin) => ({
      what: `reserved opcode ${opcode}${fin ? '' : ' without FIN'}`,
      frame: fromClient(fin | opcode, [1]),
      error: ERROR_RESERVED_OPCODE,
      offset: 0,
    })),
  ),
  {
    what: 'stray continuation',
    frame: fromClient(OPCODE_CONTINUATION, [1]),
    error: ERROR_STRAY_CONTINUATION,
    offset: 0,
  },
  {
    what: 'stray last continuation',
    frame: fromClient(FIN_CONTINUATION, [1]),
    error: ERROR_STRAY_CONTINUATION,
    offset: 0,
  },
  {
    what: 'continuation after a finished message',
    before: [...OPEN_TEXT, fromClient(FIN_CONTINUATION)],
    frame: fromClient(FIN_CONTINUATION),
    error: ERROR_STRAY_CONTINUATION,
    offset: 0,
  },
  ...[FIN_TEXT, FIN_BINARY, OPCODE_TEXT, OPCODE_BINARY].flatMap((first) =>
    [OPEN_TEXT, OPEN_BINARY].map((before) => ({
      what: `first byte ${first} inside a message`,
      before,
      frame: fromClient(first, [1]),
      error: ERROR_UNFINISHED_MESSAGE,
      offset: 0,
    })),
  ),
  ...[OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG].map((first) => ({
    what: `control frame ${first} without FIN`,
    frame: fromClient(first),
    error: ERROR_FRAGMENTED_CONTROL,
    offset: 0,
  })),
  { what: 'no mask to a server', frame: fromServer(FIN_TEXT, [1]), error: ERROR_NOT_MASKED, offset: 1 },
  { what: 'Ping without a mask to a server', frame: fromServer(FIN_PING), error: ERROR_NOT_MASKED, offset: 1 },
  { what: 'a mask to a client', frame: fromClient(FIN_TEXT, [1]), error: ERROR_MASKED, offset: 1, settings: CLIENT },
  {
    what: 'Ping with a mask to a client',
    frame: fromClient(FIN_PING),
    error: ERROR_MASKED,
    offset: 1,
    settings: CLIENT,
  },
  ...[FIN_CLOSE, FIN_PING, FIN_PONG].flatMap((first) =>
    [126, 127, 65535, 65536].map((length) => ({
      what: `control frame ${first} of ${length} bytes`,
      frame: fromClient(first, [], { claimed: BigInt(length) }),
      error: ERROR_CONTROL_TOO_LONG,
      offset: 1,
    })),
  ),
  {
    what: 'control frame of 5 bytes in a 16-bit length',
    frame: fromClient(FIN_PING, utf8('12345'), { lengthBits: 16 }),
    error: ERROR_CONTROL_TOO_LONG,
    offset: 1,
  },
  { what: 'Close of one byte', frame: fromClient(FIN_CLOSE, [3]), error: ERROR_CLOSE_PAYLOAD, offset: 1 },

  // ---- The whole header
  ...[0n, 1n, 125n].map((claimed) => ({
    what: `${claimed} in 16 bits`,
    frame: fromClient(FIN_BINARY, [], { claimed, lengthBits: 16 }),
    error: ERROR_LENGTH_NOT_MINIMAL,
    offset: 2,
  })),
  ...[0n, 125n, 126n, 65535n].map((claimed) => ({
    what: `${claimed} in 64 bits`,
    frame: fromClient(FIN_BINARY, [], { claimed, lengthBits: 64 }),
    error: ERROR_LENGTH_NOT_MINIMAL,
    offset: 2,
  })),
  ...[2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n].map((claimed) => ({
    what: `length ${claimed}`,
    frame: fromClient(FIN_BINARY, [], { claimed }),
    error: ERROR_LENGTH_TOP_BIT,
    offset: 2,
  })),
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 54n, 2n ** 62n, 2n ** 63n - 1n].map((claimed) => ({
    what: `length ${claimed} without a limit`,
    frame: fromClient(FIN_BINARY, [], { claimed }),
    error: ERROR_FRAME_TOO_LONG,
    offset: 1,
  })),
  ...[
    [0n, 1n],
    [10n, 11n],
    [125n, 126n],
    [1000n, 1001n],
    [65535n, 65536n],
    [2n ** 32n - 1n, 2n ** 32n],
    [2n ** 32n + 5n, 2n ** 32n + 6n],
    [5n, 2n ** 32n],
    [2n ** 53n - 2n, 2n ** 53n - 1n],
  ].map(([maxFrameLength, claimed]) => ({
    what: `frame of ${claimed}, limit ${maxFrameLength}`,
    frame: fromClient(FIN_BINARY, claimed! < 2000n ? new Uint8Array(Number(claimed)) : [], { claimed: claimed! }),
    error: ERROR_FRAME_TOO_LONG,
    offset: 1,
    settings: { maxFrameLength: maxFrameLength! },
  })),
  {
    what: 'message over its limit in one frame',
    frame: fromClient(FIN_TEXT, utf8('eleven byte')),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
    settings: { maxMessageLength: 10n },
  },
  {
    what: 'message over its limit in its third frame',
    before: [
      fromClient(OPCODE_BINARY, randomBytes(6, 1)),
      fromClient(FIN_PING, randomBytes(9, 2)),
      fromClient(0, [1, 2, 3]),
    ],
    frame: fromClient(FIN_CONTINUATION, [1, 2]),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
    settings: { maxMessageLength: 10n },
  },
  {
    what: 'a huge fragment behind a small one',
    before: [fromClient(OPCODE_BINARY, [1])],
    frame: fromClient(FIN_CONTINUATION, [], { claimed: NO_LIMIT }),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
  },
  {
    what: 'frame over both limits',
    frame: fromClient(FIN_BINARY, [1, 2, 3]),
    error: ERROR_FRAME_TOO_LONG,
    offset: 1,
    settings: { maxFrameLength: 2n, maxMessageLength: 1n },
  },

  // ---- The payload
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => ({
    what: `close code ${code}`,
    frame: fromClient(FIN_CLOSE, [code >> 8, code & 0xff, ...utf8('why')]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
  })),
  {
    what: 'close code that may not be sent, before a reason that is no text',
    frame: fromClient(FIN_CLOSE, [0x03, 0xed, 0xff]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
  },
  {
    what: 'close code that may not be sent, where text is not validated',
    frame: fromClient(FIN_CLOSE, [0x03, 0xed]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
    settings: { options: OPTION_REQUIRE_MASKED | OPTION_SKIP_UTF8 },
  },
  {
    what: 'reason that begins wrong',
    frame: fromClient(FIN_CLOSE, [0x03, 0xe8, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'reason with a surrogate',
    frame: fromClient(FIN_CLOSE, [0x03, 0xe8, 0x61, 0xed, 0xa0, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 10,
  },
  {
    what: 'reason that ends inside a character',
    frame: fromClient(FIN_CLOSE, [0x03, 0xe8, 0x61, 0xe8, 0xaa]),
    error: ERROR_INVALID_UTF8,
    offset: 11,
  },
  { what: 'text with 0xff', frame: fromClient(FIN_TEXT, [0x61, 0xff, 0x61]), error: ERROR_INVALID_UTF8, offset: 7 },
  { what: 'text, overlong', frame: fromClient(FIN_TEXT, [0x61, 0xc0, 0xaf]), error: ERROR_INVALID_UTF8, offset: 7 },
  {
    what: 'text with a surrogate',
    frame: fromClient(FIN_TEXT, [0xed, 0xa0, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 7,
  },
  {
    what: 'text beyond U+10FFFF',
    frame: fromClient(FIN_TEXT, [0xf4, 0x90, 0x80, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 7,
  },
  {
    what: 'text, a lead after a lead',
    frame: fromClient(FIN_TEXT, [0xf0, 0x9f, 0x41]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'text that ends inside a character',
    frame: fromClient(FIN_TEXT, [0x61, 0xc3]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'long text with a bad byte far in',
    frame: fromClient(FIN_TEXT, [...utf8('語'.repeat(60)), 0xbf, ...utf8('語'.repeat(60))]),
    error: ERROR_INVALID_UTF8,
    offset: 8 + 180,
  },
  {
    what: 'text to a client',
    before: [fromServer(FIN_TEXT, utf8('Grüße'))],
    frame: fromServer(FIN_TEXT, [...utf8('plain text, more than a block of it'), 0xc3, 0x28]),
    error: ERROR_INVALID_UTF8,
    offset: 2 + 36,
    settings: CLIENT,
  },
  {
    what: 'a fragment that does not mend what came before',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xe8, 0xaa])],
    frame: fromClient(FIN_CONTINUATION, [0x61]),
    error: ERROR_INVALID_UTF8,
    offset: 6,
  },
  {
    what: 'a fragment in the middle, though the message goes on',
    before: [fromClient(OPCODE_TEXT, utf8('語')), fromClient(FIN_PING, [0xff])],
    frame: fromClient(OPCODE_CONTINUATION, [0x61, 0x80, 0x61]),
    error: ERROR_INVALID_UTF8,
    offset: 7,
  },
  {
    what: 'a message whose last fragment ends inside a character',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xf0])],
    frame: fromClient(FIN_CONTINUATION, [0x9f, 0x98]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    // There is no byte at fault; the frame that ends the message is, and the place is its end.
    what: 'a message whose last fragment is empty, inside a character',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xf0])],
    frame: fromClient(FIN_CONTINUATION),
    error: ERROR_INVALID_UTF8,
    offset: 6,
  },
];
