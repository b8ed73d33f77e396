// Kernel.decode on frames that break a rule: which error, at which byte, what is delivered before it and nothing after,
// however the input is cut, over both kernels.

import { expect, it } from 'vitest';
import {
  CHUNK_PTR,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  STAGE_CLOSED,
  STAGE_FAILED,
  STAGE_PAYLOAD,
  STATE_CONSUMED,
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
  ERROR_MESSAGE_TOO_LONG,
  ERROR_NONE,
  ERROR_NOT_MASKED,
  ERROR_RESERVED_BITS,
  ERROR_RESERVED_OPCODE,
  ERROR_STRAY_CONTINUATION,
  ERROR_UNFINISHED_MESSAGE,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  RSV1,
  RSV2,
} from '../../../../assembly/shared/protocol.js';
import { concat } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import {
  byteByByte,
  decodeOnce,
  decodeStream,
  FIN_BINARY,
  FIN_CLOSE,
  FIN_CONTINUATION,
  FIN_PING,
  FIN_PONG,
  FIN_TEXT,
  frame,
  freshState,
  fromClient,
  KEY,
  NO_LIMIT,
  splits,
  utf8,
} from '../../../support/kernels/decoding.js';
import { describeKernels } from '../../../support/kernels/kernels.js';
import { FAULTS, fromServer, OPEN_TEXT } from './decode-faults.js';

/** Before each fault, so that it is not at the start of the stream. Passes any limit. */
const PRELUDE = [fromClient(FIN_BINARY), fromClient(FIN_PING, utf8('ping'))];
const CLIENT_PRELUDE = [fromServer(FIN_BINARY), fromServer(FIN_PING, utf8('ping'))];
const TRAILER = concat(fromClient(FIN_BINARY, [1, 2, 3]), fromClient(FIN_CLOSE), Uint8Array.of(0xff, 0xff, 0xff));

describeKernels('decode errors', (kernel, memory) => {
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
    const text = fromClient(FIN_TEXT, [...utf8('good'), 0xff, ...utf8('bad')]);
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
    const close = fromClient(FIN_CLOSE, [0x03, 0xed]);
    const held = decodeOnce(kernel, freshState(), close.subarray(0, 7));
    expect(decodeOnce(kernel, held.stateBytes, close.subarray(7)).state.errorOffset).toBe(-1);

    const tooLong = fromClient(FIN_BINARY, [], { claimed: 1000n });
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
    const failed = decodeOnce(kernel, freshState(), concat(fromClient(FIN_PING), fromServer(FIN_TEXT, [1])));
    const expected = failed.stateBytes.slice();
    let state: Uint8Array = failed.stateBytes;
    for (const chunk of [TRAILER, new Uint8Array(0), fromClient(0x7f), fromClient(FIN_TEXT, [0xff]), TRAILER]) {
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
      [ERROR_NOT_MASKED, frame({ first: FIN_CLOSE, claimed: 1n << 63n })],
      [ERROR_NOT_MASKED, frame({ first: FIN_CLOSE, payload: [1] })],
      [ERROR_CONTROL_TOO_LONG, fromClient(FIN_CLOSE, [], { claimed: 1n << 63n })],
      [ERROR_LENGTH_TOP_BIT, fromClient(FIN_BINARY, [], { claimed: 1n << 63n })],
      [ERROR_LENGTH_NOT_MINIMAL, fromClient(FIN_BINARY, [], { claimed: 120n, lengthBits: 64 })],
      [ERROR_FRAME_TOO_LONG, fromClient(FIN_TEXT, new Uint8Array(101).fill(0xff))],
      [ERROR_MESSAGE_TOO_LONG, fromClient(FIN_CONTINUATION, new Uint8Array(100).fill(0xff)), OPEN_TEXT],
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
      fromClient(FIN_BINARY, randomBytes(6, 1)),
      fromClient(OPCODE_BINARY, randomBytes(6, 2)),
      fromClient(FIN_PING, randomBytes(125, 3)),
      fromClient(OPCODE_CONTINUATION, randomBytes(4, 4)),
      fromClient(OPCODE_CONTINUATION),
      fromClient(FIN_CONTINUATION),
      fromClient(FIN_TEXT, utf8('sixsix')),
      fromClient(FIN_PONG, randomBytes(125, 5)),
      fromClient(FIN_CLOSE, [0x03, 0xe8, ...utf8('a long reason')]),
    );
    for (const chunks of [...splits(stream), byteByByte(stream)]) {
      const { frames, state } = decodeStream(kernel, chunks, settings);
      expect(state).toMatchObject({ stage: STAGE_CLOSED, error: ERROR_NONE });
      expect(frames).toHaveLength(9);
    }
    for (const limit of [0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, NO_LIMIT]) {
      const bytes = fromClient(FIN_BINARY, [], { claimed: limit });
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
      expect(decodeOnce(kernel, open, fromClient(FIN_CONTINUATION, [], { claimed: length })).state.error).toBe(error);
    }
  });

  it('takes exactly the close codes that may be sent', () => {
    const valid = (code: number) =>
      (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    for (let code = 0; code < 65536; code++) {
      const close = frame({ first: FIN_CLOSE, payload: [code >> 8, code & 0xff], maskingKey: KEY });
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
      fromClient(FIN_TEXT, [0xff, 0xc0]),
      fromClient(OPCODE_TEXT, [0xe8]),
      fromClient(FIN_CONTINUATION, [0x61, 0xf0]),
      fromClient(FIN_CLOSE, [0x03, 0xe8, 0xff]),
    );
    for (const chunks of [...splits(stream), byteByByte(stream)]) {
      const { frames, state } = decodeStream(kernel, chunks, { options });
      expect(state).toMatchObject({ stage: STAGE_CLOSED, error: ERROR_NONE, utf8: 0 });
      expect(frames).toHaveLength(4);
    }
    const binary = concat(
      fromClient(FIN_BINARY, [0xff]),
      fromClient(OPCODE_BINARY, [0xe8]),
      fromClient(FIN_CONTINUATION, [0xff]),
    );
    for (const chunks of splits(binary)) expect(decodeStream(kernel, chunks).state.error).toBe(ERROR_NONE);
  });

  it('waits for the rest of a character that may still come right', () => {
    const { state } = decodeOnce(kernel, freshState(), fromClient(FIN_TEXT, [0xf0, 0x9f, 0x98, 0x80]).subarray(0, 9));
    expect(state).toMatchObject({ stage: STAGE_PAYLOAD, error: ERROR_NONE, utf8: 0xbf8001 });
  });
});
