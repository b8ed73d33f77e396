// Kernel.decode on what one call is given: what it writes into records and state, over both kernels. How it resumes is in
// decode-resuming.test.ts; the rules that a frame can break are in decode-errors.test.ts.

import { describe, expect, it } from 'vitest';
import {
  CHUNK_CAPACITY,
  CHUNK_PTR,
  OPTION_ALLOW_RSV1,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  RECORD_ASCII,
  RECORD_CAPACITY,
  RECORD_END,
  RECORD_LENGTH,
  RECORD_MASKED,
  RECORD_START,
  RECORDS_PTR,
  STAGE_CLOSED,
  STAGE_HEADER,
  STATE_CONSUMED,
  STATE_LENGTH,
  STATE_PTR,
} from '../../../../assembly/shared/layout.js';
import { FIN, OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_TEXT, RSV1 } from '../../../../assembly/shared/protocol.js';
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
  idleState,
  KEY,
  KEY_NUMBER,
  keyNumber,
  readRecord,
  utf8,
} from '../../../support/kernels/decoding.js';
import { describeKernels } from '../../../support/kernels/kernels.js';

const WHOLE = RECORD_START | RECORD_END | RECORD_MASKED;

describeKernels('decode', (kernel, memory) => {
  describe('records', () => {
    it('tells all of a whole masked frame', () => {
      const { records, stateBytes } = decodeOnce(kernel, freshState(), fromClient(FIN_TEXT, utf8('hello')));
      expect(records).toEqual([
        {
          first: FIN_TEXT,
          flags: WHOLE | RECORD_ASCII,
          messageOpcode: OPCODE_TEXT,
          headerLength: 6,
          ptr: CHUNK_PTR + 6,
          length: 5,
          maskingKey: KEY_NUMBER,
          payload: utf8('hello'),
        },
      ]);
      expect(stateBytes).toEqual(idleState(11));
    });

    it('tells all of a whole frame without a mask', () => {
      const options = OPTION_REQUIRE_UNMASKED;
      const payload = [...randomBytes(300, 1)];
      const { records, stateBytes } = decodeOnce(
        kernel,
        freshState({ options }),
        frame({ first: FIN_BINARY, payload }),
      );
      expect(records).toEqual([
        {
          first: FIN_BINARY,
          flags: RECORD_START | RECORD_END,
          messageOpcode: OPCODE_BINARY,
          headerLength: 4,
          ptr: CHUNK_PTR + 4,
          length: 300,
          maskingKey: 0,
          payload,
        },
      ]);
      expect(stateBytes).toEqual(idleState(304, { options }));
    });

    it('takes masked and unmasked frames alike where no option demands either', () => {
      const chunk = concat(fromClient(FIN_BINARY, [1]), frame({ first: FIN_BINARY, payload: [2] }));
      const { records, state } = decodeOnce(kernel, freshState({ options: 0 }), chunk);
      expect(records.map(({ flags, maskingKey, payload }) => [flags, maskingKey, payload])).toEqual([
        [WHOLE, KEY_NUMBER, [1]],
        [RECORD_START | RECORD_END, 0, [2]],
      ]);
      expect(state.error).toBe(0);
    });

    it('tells of a mask whose key is zero', () => {
      const chunk = frame({ first: FIN_BINARY, payload: [1, 2, 3], maskingKey: [0, 0, 0, 0] });
      expect(decodeOnce(kernel, freshState(), chunk).records).toMatchObject([
        { flags: WHOLE, maskingKey: 0, headerLength: 6, payload: [1, 2, 3] },
      ]);
    });

    it('unmasks every length from 0 to 300, each frame at another place', () => {
      const payloads = Array.from({ length: 301 }, (_, length) => [...randomBytes(length, length)]);
      const keyOf = (i: number) => [i & 0xff, 0x80 | (i >> 4), 3, 0xf0 ^ (i & 0x7f)];
      const chunk = concat(
        ...payloads.map((payload, i) => frame({ first: FIN_BINARY, payload, maskingKey: keyOf(i) })),
      );
      const { records } = decodeOnce(kernel, freshState(), chunk);
      expect(records.map(({ payload }) => payload)).toEqual(payloads);
      expect(records.map(({ maskingKey }) => maskingKey)).toEqual(payloads.map((_, i) => keyNumber(keyOf(i))));
    });

    it('gives empty frames a record each', () => {
      const chunk = concat(
        fromClient(FIN_TEXT),
        fromClient(FIN_BINARY),
        fromClient(FIN_PING),
        fromClient(FIN_PONG),
        fromClient(FIN_CLOSE),
      );
      const { records, state } = decodeOnce(kernel, freshState(), chunk);
      expect(records.map(({ flags, messageOpcode, length }) => [flags, messageOpcode, length])).toEqual([
        [WHOLE | RECORD_ASCII, OPCODE_TEXT, 0],
        [WHOLE, OPCODE_BINARY, 0],
        [WHOLE, 0, 0],
        [WHOLE, 0, 0],
        [WHOLE | RECORD_ASCII, 0, 0],
      ]);
      expect(state.stage).toBe(STAGE_CLOSED);
    });

    it('names the message that a fragment belongs to', () => {
      const chunk = concat(
        fromClient(OPCODE_TEXT, utf8('a')),
        fromClient(FIN_PING, utf8('p')),
        fromClient(OPCODE_CONTINUATION, utf8('b')),
        fromClient(FIN_CONTINUATION, utf8('c')),
        fromClient(OPCODE_BINARY, [0xff]),
        fromClient(FIN_CONTINUATION, [0xfe]),
      );
      const { records, stateBytes } = decodeOnce(kernel, freshState(), chunk);
      expect(records.map(({ first, messageOpcode, flags }) => [first, messageOpcode, flags & RECORD_ASCII])).toEqual([
        [OPCODE_TEXT, OPCODE_TEXT, RECORD_ASCII],
        [FIN_PING, 0, 0],
        [OPCODE_CONTINUATION, OPCODE_TEXT, RECORD_ASCII],
        [FIN_CONTINUATION, OPCODE_TEXT, RECORD_ASCII],
        [OPCODE_BINARY, OPCODE_BINARY, 0],
        [FIN_CONTINUATION, OPCODE_BINARY, 0],
      ]);
      expect(stateBytes).toEqual(idleState(chunk.length));
    });

    it('carries RSV1 of a compressed message in the message opcode, and does not validate it', () => {
      const options = OPTION_REQUIRE_MASKED | OPTION_ALLOW_RSV1;
      const chunk = concat(
        fromClient(FIN_TEXT | RSV1, [0xff, 0x80]),
        fromClient(OPCODE_TEXT | RSV1, utf8('a')),
        fromClient(FIN_CONTINUATION, [0xc3]),
        fromClient(FIN_TEXT, utf8('plain')),
      );
      const { records, stateBytes } = decodeOnce(kernel, freshState({ options }), chunk);
      expect(records.map(({ messageOpcode, flags }) => [messageOpcode, flags & RECORD_ASCII])).toEqual([
        [OPCODE_TEXT | RSV1, 0],
        [OPCODE_TEXT | RSV1, 0],
        [OPCODE_TEXT | RSV1, 0],
        [OPCODE_TEXT, RECORD_ASCII],
      ]);
      expect(stateBytes).toEqual(idleState(chunk.length, { options }));
    });
  });

  describe('RECORD_ASCII', () => {
    const flagsOf = (options: number, ...chunks: Uint8Array[]) => {
      let state: Uint8Array = freshState({ options });
      return chunks.flatMap((chunk) => {
        const outcome = decodeOnce(kernel, state, chunk);
        state = outcome.stateBytes;
        expect(outcome.state.error).toBe(0);
        return outcome.records.map(({ flags }) => (flags & RECORD_ASCII) !== 0);
      });
    };
    const server = OPTION_REQUIRE_MASKED;
    const client = OPTION_REQUIRE_UNMASKED;

    it.each([
      [server, KEY],
      [client, undefined],
    ] as const)('is set on text and Close alone (options %i)', (options, maskingKey) => {
      const flagOf = (first: number, payload: number[]) =>
        flagsOf(options, frame({ first, payload, ...(maskingKey ? { maskingKey } : {}) }));
      for (const length of [0, 1, 3, 4, 15, 16, 17, 64, 200]) {
        const ascii = Array.from({ length }, (_, i) => i % 128);
        expect(flagOf(FIN_TEXT, ascii)).toEqual([true]);
        expect(flagOf(FIN_BINARY, ascii)).toEqual([false]);
        expect(flagOf(FIN_TEXT, [...ascii, ...utf8('é')])).toEqual([false]);
        expect(flagOf(FIN_TEXT, [...utf8('é'), ...ascii])).toEqual([false]);
        if (length > 120) continue;
        expect(flagOf(FIN_PING, ascii)).toEqual([false]);
        expect(flagOf(FIN_PONG, ascii)).toEqual([false]);
        // 1000 is 03 e8: the code's own bytes do not count.
        expect(flagOf(FIN_CLOSE, [0x03, 0xe8, ...ascii])).toEqual([true]);
        expect(flagOf(FIN_CLOSE, [0x03, 0xe8, ...ascii, ...utf8('é')])).toEqual([false]);
      }
    });

    it('is never set where text is not validated', () => {
      const options = server | OPTION_SKIP_UTF8;
      expect(flagsOf(options, fromClient(FIN_TEXT, utf8('a')))).toEqual([false]);
      expect(flagsOf(options, fromClient(FIN_TEXT))).toEqual([false]);
      expect(flagsOf(options, fromClient(FIN_CLOSE, [0x03, 0xe8, 0x61]))).toEqual([false]);
      expect(flagsOf(options, fromClient(FIN_CLOSE))).toEqual([false]);
    });

    it('speaks of the piece, and of a character that is under way', () => {
      const text = fromClient(FIN_TEXT, utf8('ab語cd'));
      // 6 bytes of header, two of ASCII, three of a character, two of ASCII
      const cut = (...places: number[]) =>
        flagsOf(server, ...places.map((place, i) => text.subarray(i === 0 ? 0 : places[i - 1], place)));
      expect(cut(6, 8, 11, 13)).toEqual([true, true, false, true]);
      expect(cut(8, 9, 10, 11, 13)).toEqual([true, false, false, false, true]);
      expect(cut(7, 8, 13)).toEqual([true, true, false]);
    });

    it('is not set on an empty piece inside a character', () => {
      const chunk = concat(
        fromClient(OPCODE_TEXT, [0xe8]),
        fromClient(OPCODE_CONTINUATION),
        fromClient(OPCODE_CONTINUATION, [0xaa, 0x9e]),
        fromClient(OPCODE_CONTINUATION),
        fromClient(FIN_CONTINUATION),
      );
      expect(flagsOf(server, chunk)).toEqual([false, false, false, true, true]);
    });

    it('speaks of the reason bytes of a piece of a Close frame', () => {
      const close = fromClient(FIN_CLOSE, [0x0f, 0xa0, ...utf8('a語')]);
      const byte = byteByByte(close.subarray(6));
      expect(flagsOf(server, close.subarray(0, 6), ...byte)).toEqual([true, true, true, true, false, false, false]);
    });
  });

  describe('the record table', () => {
    const frames = Array.from({ length: 10 }, (_, i) => fromClient(FIN_BINARY, randomBytes(i * 3, i)));
    const chunk = concat(...frames);

    it('stops when it is full, at the end of a frame, and goes on with the rest', () => {
      for (let capacity = 1; capacity <= 11; capacity++) {
        const { records, state } = decodeOnce(kernel, freshState(), chunk, capacity);
        const count = Math.min(capacity, 10);
        expect(records).toHaveLength(count);
        expect(state.consumed).toBe(concat(...frames.slice(0, count)).length);
        const all = decodeStream(kernel, [chunk], { recordCapacity: capacity });
        expect(all.frames.map(({ payload }) => payload)).toEqual(frames.map((_, i) => [...randomBytes(i * 3, i)]));
      }
    });

    it('takes nothing without room for a record', () => {
      const { records, stateBytes } = decodeOnce(kernel, freshState(), chunk, 0);
      expect(records).toEqual([]);
      expect(stateBytes).toEqual(idleState(0));
    });

    it('leaves a frame of which it has only the beginning for the next call', () => {
      const { state } = decodeOnce(kernel, freshState(), concat(frames[3]!, frames[4]!.subarray(0, 3)), 1);
      expect(state).toMatchObject({ stage: STAGE_HEADER, headerLength: 0, consumed: frames[3]!.length });
    });

    it('does not look at what follows: an error there is for the next call', () => {
      const bad = fromClient(FIN | 0x3, [1]);
      const first = decodeOnce(kernel, freshState(), concat(frames[1]!, bad), 1);
      expect(first.state).toMatchObject({ error: 0, consumed: frames[1]!.length });
      expect(decodeOnce(kernel, first.stateBytes, bad, 1).state).toMatchObject({
        errorOffset: 0,
        consumed: bad.length,
      });
    });

    it('drops what follows a Close frame that fills it', () => {
      const { records, state } = decodeOnce(kernel, freshState(), concat(fromClient(FIN_CLOSE), chunk), 1);
      expect(records).toHaveLength(1);
      expect(state).toMatchObject({ stage: STAGE_CLOSED, consumed: 6 + chunk.length });
    });

    it('takes a chunk of nothing but empty frames in as many calls as it needs', () => {
      const empties = new Uint8Array(CHUNK_CAPACITY);
      for (let i = 0; i < CHUNK_CAPACITY; i += 2) empties[i] = FIN_BINARY;
      const options = OPTION_REQUIRE_UNMASKED;
      let state: Uint8Array = freshState({ options });
      memory.set(empties, CHUNK_PTR);
      for (let call = 0; call < 8; call++) {
        memory.set(state, STATE_PTR);
        const ptr = CHUNK_PTR + call * 2 * RECORD_CAPACITY;
        const length = CHUNK_CAPACITY - call * 2 * RECORD_CAPACITY;
        expect(kernel.decode(STATE_PTR, ptr, length, RECORDS_PTR, RECORD_CAPACITY)).toBe(RECORD_CAPACITY);
        state = memory.slice(STATE_PTR, STATE_PTR + STATE_LENGTH);
        expect(state).toEqual(idleState(2 * RECORD_CAPACITY, { options }));
        const last = readRecord(kernel, RECORDS_PTR + (RECORD_CAPACITY - 1) * RECORD_LENGTH);
        expect(last).toMatchObject({
          first: FIN_BINARY,
          flags: RECORD_START | RECORD_END,
          ptr: ptr + 2 * RECORD_CAPACITY,
        });
      }
    });
  });

  describe('the end', () => {
    const later = concat(fromClient(FIN_TEXT, utf8('late')), fromClient(0x7f, [1]));

    it.each([
      ['an empty Close', []],
      ['a Close with a code', [0x03, 0xe8]],
      ['a Close with a reason', [0x0b, 0xb8, ...utf8('Grüße')]],
    ] as const)('is %s: the rest of the chunk, and every later one, is dropped untouched', (_what, payload) => {
      const close = fromClient(FIN_CLOSE, payload);
      const { records, state, stateBytes } = decodeOnce(kernel, freshState(), concat(close, later));
      expect(records).toMatchObject([{ first: FIN_CLOSE, payload: [...payload] }]);
      expect(state).toMatchObject({
        stage: STAGE_CLOSED,
        error: 0,
        errorOffset: 0,
        consumed: close.length + later.length,
      });
      const start = CHUNK_PTR + close.length;
      expect(memory.slice(start, start + later.length)).toEqual(later);
      const expected = idleState(close.length + later.length);
      expected[1] = STAGE_CLOSED;
      expect(stateBytes).toEqual(expected);

      for (const chunk of [later, new Uint8Array(0), later.subarray(0, 1)]) {
        const after = decodeOnce(kernel, stateBytes, chunk);
        expect(after.records).toEqual([]);
        new DataView(expected.buffer).setUint32(STATE_CONSUMED, chunk.length, true);
        expect(after.stateBytes).toEqual(expected);
        expect(memory.slice(CHUNK_PTR, CHUNK_PTR + chunk.length)).toEqual(chunk);
      }
    });

    it('forgets a message that a Close frame cut short', () => {
      const { stateBytes } = decodeOnce(
        kernel,
        freshState(),
        concat(fromClient(OPCODE_TEXT, [0xe8]), fromClient(FIN_CLOSE, [3, 0xe8])),
      );
      const expected = idleState(15);
      expected[1] = STAGE_CLOSED;
      expect(stateBytes).toEqual(expected);
    });
  });
});
