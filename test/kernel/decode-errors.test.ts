// Kernel.decode on frames that break a rule: which error, at which byte, what is delivered before it and nothing after,
// however the input is cut, over both kernels.

import { describe, expect, it } from 'vitest';
import {
  CHUNK_PTR,
  OPTION_ALLOW_RSV1,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  STAGE_CLOSED,
  STAGE_FAILED,
  STAGE_PAYLOAD,
  STATE_CONSUMED,
} from '../../assembly/layout.js';
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
  ERROR_NONE,
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
} from '../../assembly/protocol.js';
import {
  byteByByte,
  concat,
  decodeOnce,
  decodeStream,
  type FrameSpec,
  frame,
  freshState,
  KEY,
  NO_LIMIT,
  type Settings,
  splits,
} from '../support/decoding.js';
import { KERNELS } from '../support/kernels.js';
import { randomBytes } from '../support/random.js';

const TEXT = FIN | OPCODE_TEXT;
const BINARY = FIN | OPCODE_BINARY;
const CLOSE = FIN | OPCODE_CLOSE;
const PING = FIN | OPCODE_PING;
const PONG = FIN | OPCODE_PONG;
const LAST = FIN | OPCODE_CONTINUATION;

const utf8 = (text: string) => [...Buffer.from(text)];
const fromClient = (first: number, payload: FrameSpec['payload'] = [], more: Partial<FrameSpec> = {}) =>
  frame({ first, payload, maskingKey: KEY, ...more });
const fromServer = (first: number, payload: FrameSpec['payload'] = []) => frame({ first, payload });

interface Fault {
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
const OPEN_TEXT = [fromClient(OPCODE_TEXT, utf8('open'))];
const OPEN_BINARY = [fromClient(OPCODE_BINARY, [1])];
const WITH_RSV1 = { options: OPTION_REQUIRE_MASKED | OPTION_ALLOW_RSV1 };
const CLIENT = { options: OPTION_REQUIRE_UNMASKED };

const FAULTS: readonly Fault[] = [
  // ---- The first two bytes
  { what: 'RSV1 without an extension', frame: fromClient(TEXT | RSV1, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  { what: 'RSV2', frame: fromClient(TEXT | RSV2, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  { what: 'RSV3', frame: fromClient(BINARY | RSV3, [1]), error: ERROR_RESERVED_BITS, offset: 0 },
  ...[TEXT | RSV2, TEXT | RSV1 | RSV3, PING | RSV1, PONG | RSV1, CLOSE | RSV1, BINARY | RSV2].map((first) => ({
    what: `first byte 0x${first.toString(16)} where RSV1 is owned`,
    frame: fromClient(first),
    error: ERROR_RESERVED_BITS,
    offset: 0,
    settings: WITH_RSV1,
  })),
  ...[LAST | RSV1, OPCODE_CONTINUATION | RSV1].map((first) => ({
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
  { what: 'stray last continuation', frame: fromClient(LAST, [1]), error: ERROR_STRAY_CONTINUATION, offset: 0 },
  {
    what: 'continuation after a finished message',
    before: [...OPEN_TEXT, fromClient(LAST)],
    frame: fromClient(LAST),
    error: ERROR_STRAY_CONTINUATION,
    offset: 0,
  },
  ...[TEXT, BINARY, OPCODE_TEXT, OPCODE_BINARY].flatMap((first) =>
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
  { what: 'no mask to a server', frame: fromServer(TEXT, [1]), error: ERROR_NOT_MASKED, offset: 1 },
  { what: 'Ping without a mask to a server', frame: fromServer(PING), error: ERROR_NOT_MASKED, offset: 1 },
  { what: 'a mask to a client', frame: fromClient(TEXT, [1]), error: ERROR_MASKED, offset: 1, settings: CLIENT },
  { what: 'Ping with a mask to a client', frame: fromClient(PING), error: ERROR_MASKED, offset: 1, settings: CLIENT },
  ...[CLOSE, PING, PONG].flatMap((first) =>
    [126, 127, 65535, 65536].map((length) => ({
      what: `control frame ${first} of ${length} bytes`,
      frame: fromClient(first, [], { claimed: BigInt(length) }),
      error: ERROR_CONTROL_TOO_LONG,
      offset: 1,
    })),
  ),
  {
    what: 'control frame of 5 bytes in a 16-bit length',
    frame: fromClient(PING, utf8('12345'), { lengthBits: 16 }),
    error: ERROR_CONTROL_TOO_LONG,
    offset: 1,
  },
  { what: 'Close of one byte', frame: fromClient(CLOSE, [3]), error: ERROR_CLOSE_PAYLOAD, offset: 1 },

  // ---- The whole header
  ...[0n, 1n, 125n].map((claimed) => ({
    what: `${claimed} in 16 bits`,
    frame: fromClient(BINARY, [], { claimed, lengthBits: 16 }),
    error: ERROR_LENGTH_NOT_MINIMAL,
    offset: 2,
  })),
  ...[0n, 125n, 126n, 65535n].map((claimed) => ({
    what: `${claimed} in 64 bits`,
    frame: fromClient(BINARY, [], { claimed, lengthBits: 64 }),
    error: ERROR_LENGTH_NOT_MINIMAL,
    offset: 2,
  })),
  ...[2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n].map((claimed) => ({
    what: `length ${claimed}`,
    frame: fromClient(BINARY, [], { claimed }),
    error: ERROR_LENGTH_TOP_BIT,
    offset: 2,
  })),
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 54n, 2n ** 62n, 2n ** 63n - 1n].map((claimed) => ({
    what: `length ${claimed} without a limit`,
    frame: fromClient(BINARY, [], { claimed }),
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
    frame: fromClient(BINARY, claimed! < 2000n ? new Uint8Array(Number(claimed)) : [], { claimed: claimed! }),
    error: ERROR_FRAME_TOO_LONG,
    offset: 1,
    settings: { maxFrameLength: maxFrameLength! },
  })),
  {
    what: 'message over its limit in one frame',
    frame: fromClient(TEXT, utf8('eleven byte')),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
    settings: { maxMessageLength: 10n },
  },
  {
    what: 'message over its limit in its third frame',
    before: [
      fromClient(OPCODE_BINARY, randomBytes(6, 1)),
      fromClient(PING, randomBytes(9, 2)),
      fromClient(0, [1, 2, 3]),
    ],
    frame: fromClient(LAST, [1, 2]),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
    settings: { maxMessageLength: 10n },
  },
  {
    what: 'a huge fragment behind a small one',
    before: [fromClient(OPCODE_BINARY, [1])],
    frame: fromClient(LAST, [], { claimed: NO_LIMIT }),
    error: ERROR_MESSAGE_TOO_LONG,
    offset: 1,
  },
  {
    what: 'frame over both limits',
    frame: fromClient(BINARY, [1, 2, 3]),
    error: ERROR_FRAME_TOO_LONG,
    offset: 1,
    settings: { maxFrameLength: 2n, maxMessageLength: 1n },
  },

  // ---- The payload
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => ({
    what: `close code ${code}`,
    frame: fromClient(CLOSE, [code >> 8, code & 0xff, ...utf8('why')]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
  })),
  {
    what: 'close code that may not be sent, before a reason that is no text',
    frame: fromClient(CLOSE, [0x03, 0xed, 0xff]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
  },
  {
    what: 'close code that may not be sent, where text is not validated',
    frame: fromClient(CLOSE, [0x03, 0xed]),
    error: ERROR_CLOSE_CODE,
    offset: 6,
    settings: { options: OPTION_REQUIRE_MASKED | OPTION_SKIP_UTF8 },
  },
  {
    what: 'reason that begins wrong',
    frame: fromClient(CLOSE, [0x03, 0xe8, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'reason with a surrogate',
    frame: fromClient(CLOSE, [0x03, 0xe8, 0x61, 0xed, 0xa0, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 10,
  },
  {
    what: 'reason that ends inside a character',
    frame: fromClient(CLOSE, [0x03, 0xe8, 0x61, 0xe8, 0xaa]),
    error: ERROR_INVALID_UTF8,
    offset: 11,
  },
  { what: 'text with 0xff', frame: fromClient(TEXT, [0x61, 0xff, 0x61]), error: ERROR_INVALID_UTF8, offset: 7 },
  { what: 'text, overlong', frame: fromClient(TEXT, [0x61, 0xc0, 0xaf]), error: ERROR_INVALID_UTF8, offset: 7 },
  { what: 'text with a surrogate', frame: fromClient(TEXT, [0xed, 0xa0, 0x80]), error: ERROR_INVALID_UTF8, offset: 7 },
  {
    what: 'text beyond U+10FFFF',
    frame: fromClient(TEXT, [0xf4, 0x90, 0x80, 0x80]),
    error: ERROR_INVALID_UTF8,
    offset: 7,
  },
  {
    what: 'text, a lead after a lead',
    frame: fromClient(TEXT, [0xf0, 0x9f, 0x41]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'text that ends inside a character',
    frame: fromClient(TEXT, [0x61, 0xc3]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    what: 'long text with a bad byte far in',
    frame: fromClient(TEXT, [...utf8('語'.repeat(60)), 0xbf, ...utf8('語'.repeat(60))]),
    error: ERROR_INVALID_UTF8,
    offset: 8 + 180,
  },
  {
    what: 'text to a client',
    before: [fromServer(TEXT, utf8('Grüße'))],
    frame: fromServer(TEXT, [...utf8('plain text, more than a block of it'), 0xc3, 0x28]),
    error: ERROR_INVALID_UTF8,
    offset: 2 + 36,
    settings: CLIENT,
  },
  {
    what: 'a fragment that does not mend what came before',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xe8, 0xaa])],
    frame: fromClient(LAST, [0x61]),
    error: ERROR_INVALID_UTF8,
    offset: 6,
  },
  {
    what: 'a fragment in the middle, though the message goes on',
    before: [fromClient(OPCODE_TEXT, utf8('語')), fromClient(PING, [0xff])],
    frame: fromClient(OPCODE_CONTINUATION, [0x61, 0x80, 0x61]),
    error: ERROR_INVALID_UTF8,
    offset: 7,
  },
  {
    what: 'a message whose last fragment ends inside a character',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xf0])],
    frame: fromClient(LAST, [0x9f, 0x98]),
    error: ERROR_INVALID_UTF8,
    offset: 8,
  },
  {
    // There is no byte at fault; the frame that ends the message is, and the place is its end.
    what: 'a message whose last fragment is empty, inside a character',
    before: [fromClient(OPCODE_TEXT, [0x61, 0xf0])],
    frame: fromClient(LAST),
    error: ERROR_INVALID_UTF8,
    offset: 6,
  },
];

/** Before each fault, so that it is not at the start of the stream. Passes any limit. */
const PRELUDE = [fromClient(BINARY), fromClient(PING, utf8('ping'))];
const CLIENT_PRELUDE = [fromServer(BINARY), fromServer(PING, utf8('ping'))];
const TRAILER = concat(fromClient(BINARY, [1, 2, 3]), fromClient(CLOSE), Uint8Array.of(0xff, 0xff, 0xff));

describe.each(KERNELS)('decode errors, $name kernel', ({ name, kernel }) => {
  const memory = new Uint8Array(kernel.memory);

  it('is the kernel it says', () => {
    expect(kernel.name).toBe(name);
  });

  it.each(FAULTS)('$what: whole, at every cut, byte by byte, with bytes behind', (fault) => {
    const { error, offset, settings = {} } = fault;
    const isClient = settings.options === OPTION_REQUIRE_UNMASKED;
    const before = [...(isClient ? CLIENT_PRELUDE : PRELUDE), ...(fault.before ?? [])];
    const start = concat(...before).length;
    const stream = concat(...before, fault.frame);
    const streamWithMore = concat(stream, TRAILER);
    for (const chunks of [
      [stream],
      [streamWithMore],
      ...splits(stream),
      ...splits(streamWithMore),
      byteByByte(stream),
      byteByByte(streamWithMore),
    ]) {
      for (const recordCapacity of [100, 1]) {
        const outcome = decodeStream(kernel, chunks, { ...settings, recordCapacity });
        const cut = chunks.map(({ length }) => length).join('+');
        expect(outcome.state, cut).toMatchObject({ stage: STAGE_FAILED, error });
        expect(outcome.errorPosition, cut).toBe(start + offset);
        expect(
          outcome.frames.filter(({ whole }) => whole),
          cut,
        ).toHaveLength(before.length);
      }
    }
  });

  it('says so as soon as the first two bytes are there, or the header', () => {
    for (const { frame: bytes, error, before = [], settings } of FAULTS) {
      const isInFirstBytes = error <= ERROR_CLOSE_PAYLOAD;
      const isInHeader = error <= ERROR_MESSAGE_TOO_LONG;
      if (!isInHeader) continue;
      const code = bytes[1]! & 0x7f;
      const headerLength = 2 + (code === 127 ? 8 : code === 126 ? 2 : 0) + (bytes[1]! & 0x80 ? 4 : 0);
      const enough = isInFirstBytes ? 2 : headerLength;
      const early = decodeStream(kernel, [...before, bytes.subarray(0, enough - 1)], settings);
      expect(early.state.error).toBe(ERROR_NONE);
      expect(decodeStream(kernel, [...before, bytes.subarray(0, enough)], settings).state.error).toBe(error);
    }
  });

  it('makes no record of the piece at fault, and keeps those before', () => {
    const text = fromClient(TEXT, [...utf8('good'), 0xff, ...utf8('bad')]);
    const whole = decodeOnce(kernel, freshState(), text);
    expect(whole.records).toEqual([]);
    expect(whole.state).toMatchObject({ error: ERROR_INVALID_UTF8, errorOffset: 10, consumed: text.length });

    const first = decodeOnce(kernel, freshState(), text.subarray(0, 9));
    expect(first.records).toMatchObject([{ payload: utf8('goo') }]);
    const second = decodeOnce(kernel, first.stateBytes, text.subarray(9));
    expect(second.records).toEqual([]);
    expect(second.state).toMatchObject({ error: ERROR_INVALID_UTF8, errorOffset: 1, consumed: text.length - 9 });
  });

  it('counts below zero where the byte at fault came earlier', () => {
    const close = fromClient(CLOSE, [0x03, 0xed]);
    const held = decodeOnce(kernel, freshState(), close.subarray(0, 7));
    expect(decodeOnce(kernel, held.stateBytes, close.subarray(7)).state.errorOffset).toBe(-1);

    const tooLong = fromClient(BINARY, [], { claimed: 1000n });
    for (let cut = 1; cut < 8; cut++) {
      const header = decodeOnce(kernel, freshState({ maxFrameLength: 999n }), tooLong.subarray(0, cut));
      expect(decodeOnce(kernel, header.stateBytes, tooLong.subarray(cut)).state.errorOffset).toBe(1 - cut);
    }
  });

  it('keeps nothing but the error', () => {
    for (const { before = [], frame: bytes, error, settings } of FAULTS) {
      const chunk = concat(...before, bytes);
      const { stateBytes, state } = decodeOnce(kernel, freshState(settings), chunk);
      const expected = freshState(settings);
      expected[1] = STAGE_FAILED;
      expected[7] = error;
      new DataView(expected.buffer).setUint32(56, chunk.length, true);
      new DataView(expected.buffer).setInt32(60, state.errorOffset, true);
      expect(stateBytes).toEqual(expected);
    }
  });

  it('stays failed: later chunks are dropped untouched, the error stands', () => {
    const failed = decodeOnce(kernel, freshState(), concat(fromClient(PING), fromServer(TEXT, [1])));
    const expected = failed.stateBytes.slice();
    let state: Uint8Array = failed.stateBytes;
    for (const chunk of [TRAILER, new Uint8Array(0), fromClient(0x7f), fromClient(TEXT, [0xff]), TRAILER]) {
      const outcome = decodeOnce(kernel, state, chunk);
      state = outcome.stateBytes;
      expect(outcome.records).toEqual([]);
      new DataView(expected.buffer).setUint32(STATE_CONSUMED, chunk.length, true);
      expect(state).toEqual(expected);
      expect(memory.slice(CHUNK_PTR, CHUNK_PTR + chunk.length)).toEqual(chunk);
    }
  });

  it('judges in the order that it promises', () => {
    // Each frame breaks one rule and as many of those behind it as one frame can.
    const order: readonly (readonly [error: number, bytes: Uint8Array, before?: readonly Uint8Array[]])[] = [
      [ERROR_RESERVED_BITS, frame({ first: RSV2 | 0xb, claimed: 1n << 63n })],
      [ERROR_RESERVED_BITS, frame({ first: RSV1 | OPCODE_CONTINUATION })],
      [ERROR_RESERVED_OPCODE, frame({ first: 0xb, claimed: 1n << 63n })],
      [ERROR_STRAY_CONTINUATION, frame({ first: OPCODE_CONTINUATION, claimed: 1n << 63n })],
      [ERROR_UNFINISHED_MESSAGE, frame({ first: OPCODE_TEXT, claimed: 1n << 63n }), OPEN_TEXT],
      [ERROR_FRAGMENTED_CONTROL, frame({ first: OPCODE_CLOSE, claimed: 1n << 63n })],
      [ERROR_NOT_MASKED, frame({ first: CLOSE, claimed: 1n << 63n })],
      [ERROR_NOT_MASKED, frame({ first: CLOSE, payload: [1] })],
      [ERROR_CONTROL_TOO_LONG, fromClient(CLOSE, [], { claimed: 1n << 63n })],
      [ERROR_LENGTH_TOP_BIT, fromClient(BINARY, [], { claimed: 1n << 63n })],
      [ERROR_LENGTH_NOT_MINIMAL, fromClient(BINARY, [], { claimed: 120n, lengthBits: 64 })],
      [ERROR_FRAME_TOO_LONG, fromClient(TEXT, new Uint8Array(101).fill(0xff))],
      [ERROR_MESSAGE_TOO_LONG, fromClient(LAST, new Uint8Array(100).fill(0xff)), OPEN_TEXT],
    ];
    for (const [error, bytes, before = []] of order) {
      const chunks = [concat(...before), bytes];
      const outcome = decodeStream(kernel, chunks, { maxFrameLength: 100n, maxMessageLength: 103n });
      expect(outcome.state.error).toBe(error);
    }
  });

  it('allows what the limits allow, and control frames whatever they are', () => {
    const settings = { maxFrameLength: 6n, maxMessageLength: 10n };
    const stream = concat(
      fromClient(BINARY, randomBytes(6, 1)),
      fromClient(OPCODE_BINARY, randomBytes(6, 2)),
      fromClient(PING, randomBytes(125, 3)),
      fromClient(OPCODE_CONTINUATION, randomBytes(4, 4)),
      fromClient(OPCODE_CONTINUATION),
      fromClient(LAST),
      fromClient(TEXT, utf8('sixsix')),
      fromClient(PONG, randomBytes(125, 5)),
      fromClient(CLOSE, [0x03, 0xe8, ...utf8('a long reason')]),
    );
    for (const chunks of [...splits(stream), byteByByte(stream)]) {
      const { frames, state } = decodeStream(kernel, chunks, settings);
      expect(state).toMatchObject({ stage: STAGE_CLOSED, error: ERROR_NONE });
      expect(frames).toHaveLength(9);
    }
    for (const limit of [0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, NO_LIMIT]) {
      const bytes = fromClient(BINARY, [], { claimed: limit });
      for (const limits of [{ maxFrameLength: limit }, { maxMessageLength: limit }]) {
        expect(decodeOnce(kernel, freshState(limits), bytes).state.error).toBe(ERROR_NONE);
      }
    }
  });

  it('holds the message limit against lengths that no number could add', () => {
    // A message of 2^53 - 11 bytes so far, which a test cannot send, set into the state.
    const open = decodeOnce(kernel, freshState(), fromClient(OPCODE_BINARY)).stateBytes.slice();
    new DataView(open.buffer).setBigUint64(32, NO_LIMIT - 10n, true);
    for (const [length, error] of [
      [0n, ERROR_NONE],
      [10n, ERROR_NONE],
      [11n, ERROR_MESSAGE_TOO_LONG],
      [12n, ERROR_MESSAGE_TOO_LONG],
      [2n ** 32n + 10n, ERROR_MESSAGE_TOO_LONG],
      [NO_LIMIT, ERROR_MESSAGE_TOO_LONG],
      [NO_LIMIT + 1n, ERROR_FRAME_TOO_LONG],
    ] as const) {
      expect(decodeOnce(kernel, open, fromClient(LAST, [], { claimed: length })).state.error).toBe(error);
    }
  });

  it('takes exactly the close codes that may be sent', () => {
    const valid = (code: number) =>
      (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    for (let code = 0; code < 65536; code++) {
      const close = frame({ first: CLOSE, payload: [code >> 8, code & 0xff], maskingKey: KEY });
      const { stage, error, errorOffset } = decodeOnce(kernel, freshState(), close).state;
      const right = valid(code)
        ? stage === STAGE_CLOSED && error === ERROR_NONE
        : stage === STAGE_FAILED && error === ERROR_CLOSE_CODE && errorOffset === 6;
      if (!right) expect.fail(`close code ${code}: stage ${stage}, error ${error} at ${errorOffset}`);
    }
  });

  it('validates no text where that is asked for, and no binary', () => {
    const options = OPTION_REQUIRE_MASKED | OPTION_SKIP_UTF8;
    const stream = concat(
      fromClient(TEXT, [0xff, 0xc0]),
      fromClient(OPCODE_TEXT, [0xe8]),
      fromClient(LAST, [0x61, 0xf0]),
      fromClient(CLOSE, [0x03, 0xe8, 0xff]),
    );
    for (const chunks of [...splits(stream), byteByByte(stream)]) {
      const { frames, state } = decodeStream(kernel, chunks, { options });
      expect(state).toMatchObject({ stage: STAGE_CLOSED, error: ERROR_NONE, utf8: 0 });
      expect(frames).toHaveLength(4);
    }
    const binary = concat(fromClient(BINARY, [0xff]), fromClient(OPCODE_BINARY, [0xe8]), fromClient(LAST, [0xff]));
    for (const chunks of splits(binary)) expect(decodeStream(kernel, chunks).state.error).toBe(ERROR_NONE);
  });

  it('waits for the rest of a character that may still come right', () => {
    const { state } = decodeOnce(kernel, freshState(), fromClient(TEXT, [0xf0, 0x9f, 0x98, 0x80]).subarray(0, 9));
    expect(state).toMatchObject({ stage: STAGE_PAYLOAD, error: ERROR_NONE, utf8: 0xbf8001 });
  });
});
