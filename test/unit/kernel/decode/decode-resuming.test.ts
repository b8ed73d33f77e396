// Kernel.decode over several calls: how it resumes at any byte, what it leaves alone, that one connection's state is no other's,
// over both kernels. What one call makes of a chunk is in decode.test.ts.

import { describe, expect, it } from 'vitest';
import {
  CHUNK_CAPACITY,
  CHUNK_PTR,
  OPTION_REQUIRE_MASKED,
  RECORD_CAPACITY,
  RECORD_END,
  RECORD_LENGTH,
  RECORD_MASKED,
  RECORD_START,
  RECORDS_PTR,
  STAGE_CLOSED,
  STAGE_HEADER,
  STAGE_PAYLOAD,
  STATE_CONSUMED,
  STATE_LENGTH,
  STATE_PTR,
} from '../../../../assembly/shared/layout.js';
import { OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_TEXT } from '../../../../assembly/shared/protocol.js';
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
  type FrameSpec,
  frame,
  freshState,
  fromClient,
  idleState,
  KEY,
  KEY_NUMBER,
  NO_LIMIT,
  readState,
  splits,
  utf8,
} from '../../../support/kernels/decoding.js';
import { describeKernels } from '../../../support/kernels/kernels.js';

describeKernels('decode', (kernel, memory) => {
  describe('resuming', () => {
    it('does nothing with no input', () => {
      const states = [freshState()];
      // In a header, in a payload, inside a character of an open message.
      const stream = concat(fromClient(OPCODE_TEXT, [0x61, 0xe8]), fromClient(FIN_CONTINUATION, [0xaa, 0x9e]));
      for (let cut = 1; cut < stream.length; cut++) {
        states.push(decodeOnce(kernel, freshState(), stream.subarray(0, cut)).stateBytes.slice());
      }
      for (const state of states) {
        const { records, stateBytes } = decodeOnce(kernel, state, new Uint8Array(0));
        expect(records).toEqual([]);
        const expected = state.slice();
        expected.fill(0, STATE_CONSUMED, STATE_CONSUMED + 4);
        expect(stateBytes).toEqual(expected);
      }
    });

    it.each([
      [{ first: FIN_BINARY, payload: randomBytes(3, 1) }, 2],
      [{ first: FIN_BINARY, payload: randomBytes(3, 2), maskingKey: KEY }, 6],
      [{ first: FIN_BINARY, payload: randomBytes(126, 3) }, 4],
      [{ first: FIN_BINARY, payload: randomBytes(126, 4), maskingKey: KEY }, 8],
      [{ first: FIN_BINARY, payload: [1, 2], claimed: 0x1_0000_0001n }, 10],
      [{ first: FIN_BINARY, payload: [1, 2], claimed: 0x1234_5678_9abcn, maskingKey: KEY }, 14],
    ] as const)('holds the bytes of a header cut anywhere (%#)', (spec, headerLength) => {
      const bytes = frame(spec);
      for (let cut = 1; cut < headerLength; cut++) {
        const held = decodeOnce(kernel, freshState({ options: 0 }), bytes.subarray(0, cut));
        expect(held.records).toEqual([]);
        expect(held.state).toMatchObject({ stage: STAGE_HEADER, headerLength: cut, consumed: cut, firstByte: 0 });
        expect(held.state.headerBytes).toEqual([...bytes.subarray(0, cut), ...new Array(16 - cut).fill(0)]);

        // A second cut, too: the header comes in three pieces.
        const more = decodeOnce(kernel, held.stateBytes, bytes.subarray(cut, headerLength - 1));
        expect(more.records).toEqual([]);
        expect(more.state).toMatchObject({ stage: STAGE_HEADER, headerLength: headerLength - 1 });
        const rest = decodeOnce(kernel, more.stateBytes, bytes.subarray(headerLength - 1));
        expect(rest.records).toMatchObject([
          { headerLength, ptr: CHUNK_PTR + 1, length: spec.payload.length, payload: [...spec.payload] },
        ]);
      }
    });

    it('makes a record of a header alone, then one a chunk', () => {
      const payload = [...randomBytes(1000, 5)];
      const bytes = fromClient(FIN_BINARY, payload);
      const underWay = {
        stage: STAGE_PAYLOAD,
        headerLength: 0,
        firstByte: FIN_BINARY,
        messageOpcode: OPCODE_BINARY,
        frameFlags: RECORD_MASKED,
        maskingKey: KEY_NUMBER,
        frameLength: 1000n,
        messageLength: 0n,
        error: 0,
        errorOffset: 0,
      };
      const piece = { first: FIN_BINARY, messageOpcode: OPCODE_BINARY, maskingKey: KEY_NUMBER };

      const start = decodeOnce(kernel, freshState(), bytes.subarray(0, 8));
      expect(start.records).toMatchObject([
        { ...piece, flags: RECORD_START | RECORD_MASKED, headerLength: 8, ptr: CHUNK_PTR + 8, length: 0 },
      ]);
      expect(start.state).toMatchObject({ ...underWay, remaining: 1000n, consumed: 8 });

      // 5 and then 7 bytes: each piece meets the key at another phase.
      const second = decodeOnce(kernel, start.stateBytes, bytes.subarray(8, 13));
      expect(second.records).toMatchObject([
        { ...piece, flags: RECORD_MASKED, headerLength: 0, ptr: CHUNK_PTR, length: 5, payload: payload.slice(0, 5) },
      ]);
      expect(second.state).toMatchObject({ ...underWay, remaining: 995n, consumed: 5 });
      const third = decodeOnce(kernel, second.stateBytes, bytes.subarray(13, 20));
      expect(third.records).toMatchObject([{ ...piece, flags: RECORD_MASKED, payload: payload.slice(5, 12) }]);

      const last = decodeOnce(kernel, third.stateBytes, bytes.subarray(20));
      expect(last.records).toMatchObject([
        { ...piece, flags: RECORD_END | RECORD_MASKED, headerLength: 0, length: 988, payload: payload.slice(12) },
      ]);
      expect(last.stateBytes).toEqual(idleState(988));
    });

    it('counts the open message, and forgets it with its last frame', () => {
      const chunks = [
        fromClient(OPCODE_BINARY, randomBytes(10, 1)),
        fromClient(FIN_PING, [1, 2, 3]),
        fromClient(OPCODE_CONTINUATION, randomBytes(300, 2)),
        fromClient(OPCODE_CONTINUATION),
        fromClient(FIN_CONTINUATION, randomBytes(5, 3)),
      ];
      let state: Uint8Array = freshState();
      const seen = chunks.map((chunk) => {
        // The last byte on its own: the frame under way is not yet part of the length.
        const most = decodeOnce(kernel, state, chunk.subarray(0, -1));
        const { messageLength } = most.state;
        const all = decodeOnce(kernel, most.stateBytes, chunk.subarray(-1));
        state = all.stateBytes;
        return [messageLength, all.state.messageLength, all.state.messageOpcode];
      });
      expect(seen).toEqual([
        [0n, 10n, OPCODE_BINARY],
        [10n, 10n, OPCODE_BINARY],
        [10n, 310n, OPCODE_BINARY],
        [310n, 310n, OPCODE_BINARY],
        [310n, 0n, 0],
      ]);
      expect(state).toEqual(idleState(1));
    });

    it('keeps nothing of a frame between two fragments', () => {
      const { state } = decodeOnce(kernel, freshState(), fromClient(OPCODE_TEXT, [0x61, 0xf0, 0x9f]));
      expect(state).toMatchObject({
        stage: STAGE_HEADER,
        headerLength: 0,
        firstByte: 0,
        messageOpcode: OPCODE_TEXT,
        frameFlags: 0,
        closeByte: 0,
        utf8: 0xbf8002,
        maskingKey: 0,
        frameLength: 0n,
        remaining: 0n,
        messageLength: 3n,
      });
    });

    it('keeps a character cut by the end of a chunk, of a fragment, and by a Ping', () => {
      const emoji = utf8('😀');
      for (let cut = 0; cut <= 4; cut++) {
        const stream = concat(
          fromClient(OPCODE_TEXT, emoji.slice(0, cut)),
          fromClient(FIN_PING, [0xff, 0xfe]),
          fromClient(FIN_CONTINUATION, emoji.slice(cut)),
        );
        for (const chunks of [...splits(stream), byteByByte(stream)]) {
          const { frames, state } = decodeStream(kernel, chunks);
          expect(state.error).toBe(0);
          expect(frames.flatMap(({ messageOpcode, payload }) => (messageOpcode ? payload : []))).toEqual(emoji);
        }
      }
    });

    it('begins the reason of a Close frame anew, whatever character was under way', () => {
      const stream = concat(fromClient(OPCODE_TEXT, [0xe8, 0xaa]), fromClient(FIN_CLOSE, [0x03, 0xe8, ...utf8('ok')]));
      for (const chunks of [...splits(stream), byteByByte(stream)]) {
        const { frames, state } = decodeStream(kernel, chunks);
        expect(state).toMatchObject({ stage: STAGE_CLOSED, error: 0 });
        expect(frames).toHaveLength(2);
      }
    });

    it('holds the first byte of a close code that was cut', () => {
      const close = fromClient(FIN_CLOSE, [0x03, 0xe8, ...utf8('bye')]);
      const held = decodeOnce(kernel, freshState(), close.subarray(0, 7));
      expect(held.state).toMatchObject({ stage: STAGE_PAYLOAD, closeByte: 0x03, remaining: 4n, messageOpcode: 0 });
      const next = decodeOnce(kernel, held.stateBytes, close.subarray(7, 8));
      expect(next.state).toMatchObject({ stage: STAGE_PAYLOAD, closeByte: 0, remaining: 3n, error: 0 });
      expect(decodeOnce(kernel, next.stateBytes, close.subarray(8)).state.stage).toBe(STAGE_CLOSED);
    });

    it('decodes a stream alike at every cut, byte by byte, and through a table of one record', () => {
      const specs: FrameSpec[] = [
        { first: FIN_TEXT, payload: utf8('Grüße, 世界 😀'), maskingKey: KEY },
        { first: FIN_BINARY, payload: randomBytes(130, 1), maskingKey: [1, 2, 3, 4] },
        { first: OPCODE_TEXT, payload: utf8('語').slice(0, 1), maskingKey: [0xff, 0, 0xff, 0] },
        { first: FIN_PING, payload: [], maskingKey: KEY },
        { first: OPCODE_CONTINUATION, payload: utf8('語').slice(1), maskingKey: [9, 8, 7, 6] },
        { first: FIN_PONG, payload: randomBytes(125, 2), maskingKey: KEY },
        { first: FIN_CONTINUATION, payload: [], maskingKey: KEY },
        { first: FIN_TEXT, payload: [], maskingKey: KEY },
        { first: FIN_CLOSE, payload: [0x0f, 0xa1, ...utf8('fin')], maskingKey: KEY },
      ];
      const stream = concat(...specs.map(frame));
      const whole = decodeStream(kernel, [stream]);
      expect(whole.frames.map(({ first, payload }) => ({ first, payload }))).toEqual(
        specs.map(({ first, payload }) => ({ first, payload: [...payload!] })),
      );
      expect(whole.frames.every((decoded) => decoded.whole && decoded.masked)).toBe(true);
      const chunkings = [...splits(stream), byteByByte(stream)];
      for (const size of [2, 3, 5, 7, 16, 63]) {
        chunkings.push(
          Array.from({ length: Math.ceil(stream.length / size) }, (_, i) => stream.subarray(i * size, (i + 1) * size)),
        );
      }
      // Only an ASCII flag may differ: it speaks of pieces.
      const comparable = (frames: typeof whole.frames) => frames.map((decoded) => ({ ...decoded, ascii: undefined }));
      for (const chunks of chunkings) {
        for (const recordCapacity of [RECORD_CAPACITY, 1]) {
          const { frames, state } = decodeStream(kernel, chunks, { recordCapacity });
          expect(comparable(frames)).toEqual(comparable(whole.frames));
          expect(state).toMatchObject({ stage: STAGE_CLOSED, error: 0 });
        }
      }
    });
  });

  describe('memory', () => {
    it('is changed in state, records and payloads, and nowhere else', () => {
      const options = OPTION_REQUIRE_MASKED;
      const payloads = [utf8('aé語😀'.repeat(30)), [...randomBytes(77, 7)], [], [...randomBytes(400, 8)]];
      const frames = payloads.map((payload, i) => fromClient(i === 0 ? FIN_TEXT : FIN_BINARY, payload));
      // Cut inside the last payload, and at every place of a word.
      for (let alignment = 0; alignment < 16; alignment++) {
        const stream = concat(...frames);
        const chunk = stream.subarray(0, stream.length - 40 - alignment);
        const chunkPtr = CHUNK_PTR + 64 + alignment;
        const recordsPtr = RECORDS_PTR + 5 * RECORD_LENGTH;
        const statePtr = STATE_PTR + 2 * STATE_LENGTH;
        memory.set(randomBytes(memory.length - STATE_PTR, 9), STATE_PTR);
        memory.set(freshState({ options }), statePtr);
        memory.set(chunk, chunkPtr);
        const expected = memory.slice();
        const count = kernel.decode(statePtr, chunkPtr, chunk.length, recordsPtr, 100);
        expect(count).toBe(frames.length);

        // State and records are compared elsewhere; here they are let be, to their exact ends.
        expected.set(memory.subarray(statePtr, statePtr + STATE_LENGTH), statePtr);
        expected.set(memory.subarray(recordsPtr, recordsPtr + count * RECORD_LENGTH), recordsPtr);
        let ptr = chunkPtr;
        for (const [i, payload] of payloads.entries()) {
          ptr += frames[i]!.length - payload.length;
          expected.set(payload.slice(0, chunkPtr + chunk.length - ptr), ptr);
          ptr += payload.length;
        }
        expect(Buffer.compare(memory, expected), `alignment ${alignment}`).toBe(0);
      }
    });

    it('holds no more of a text than the chunk: what lies behind or before it changes no verdict', () => {
      const cutCharacter = fromClient(FIN_TEXT, utf8('é')).subarray(0, 7);
      const wholeCharacter = fromClient(FIN_TEXT, utf8('aé'));
      for (const poison of [0x80, 0xa9, 0xc3, 0xf0, 0xff, 0x41]) {
        memory.fill(poison, CHUNK_PTR - 64, CHUNK_PTR + 256);
        expect(decodeOnce(kernel, freshState(), cutCharacter).state).toMatchObject({ error: 0, utf8: 0xbf8001 });
        memory.fill(poison, CHUNK_PTR - 64, CHUNK_PTR + 256);
        expect(decodeOnce(kernel, freshState(), wholeCharacter).state).toMatchObject({ error: 0, utf8: 0 });
      }
    });

    it('is filled by a chunk of 64 KiB', () => {
      const payload = randomBytes(CHUNK_CAPACITY - 14, 10);
      const bytes = frame({ first: FIN_BINARY, payload, maskingKey: KEY, claimed: 1n << 40n });
      expect(bytes).toHaveLength(CHUNK_CAPACITY);
      const { records, state } = decodeOnce(kernel, freshState(), bytes);
      expect(records).toHaveLength(1);
      expect(Buffer.from(records[0]!.payload).equals(payload)).toBe(true);
      expect(state).toMatchObject({ frameLength: 1n << 40n, remaining: (1n << 40n) - BigInt(payload.length) });
    });
  });

  describe('lengths beyond 32 bits', () => {
    it.each([2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 5n, 2n ** 53n - 1n])(
      'begins a frame of %i',
      (claimed) => {
        const { records, state } = decodeOnce(
          kernel,
          freshState(),
          frame({ first: FIN_BINARY, payload: [1, 2, 3], claimed, maskingKey: KEY }),
        );
        expect(records).toMatchObject([{ flags: RECORD_START | RECORD_MASKED, headerLength: 14, payload: [1, 2, 3] }]);
        expect(state).toMatchObject({ stage: STAGE_PAYLOAD, frameLength: claimed, remaining: claimed - 3n });
      },
    );

    it('goes on with one at any point: the phase, the count and the end', () => {
      const claimed = NO_LIMIT;
      const start = decodeOnce(kernel, freshState(), frame({ first: OPCODE_BINARY, claimed, maskingKey: KEY }));
      for (const remaining of [claimed - 1n, 2n ** 32n + 2n, 2n ** 32n, 2n ** 32n - 1n, 2n ** 31n + 1n, 4n, 3n]) {
        const state = start.stateBytes.slice();
        new DataView(state.buffer).setBigUint64(24, remaining, true);
        const phase = Number((claimed - remaining) % 4n);
        const bytes = Uint8Array.of(1 ^ KEY[phase]!, 2 ^ KEY[(phase + 1) % 4]!, 3 ^ KEY[(phase + 2) % 4]!);
        const outcome = decodeOnce(kernel, state, bytes);
        expect(outcome.records).toMatchObject([
          { payload: [1, 2, 3], flags: RECORD_MASKED | (remaining === 3n ? RECORD_END : 0) },
        ]);
        const ended = { stage: STAGE_HEADER, messageLength: claimed, frameLength: 0n, remaining: 0n };
        const open = { stage: STAGE_PAYLOAD, messageLength: 0n, frameLength: claimed, remaining: remaining - 3n };
        expect(outcome.state).toMatchObject(remaining === 3n ? ended : open);
      }
    });
  });

  it('keeps two connections apart', () => {
    const streams = [
      concat(
        fromClient(OPCODE_TEXT, utf8('日本語').slice(0, 4)),
        fromClient(FIN_CONTINUATION, utf8('日本語').slice(4)),
      ),
      concat(
        frame({ first: FIN_BINARY, payload: randomBytes(50, 1), maskingKey: [4, 3, 2, 1] }),
        frame({ first: FIN_PING, payload: [7], maskingKey: [1, 1, 1, 1] }),
      ),
    ];
    const wanted = streams.map((stream) =>
      decodeStream(kernel, byteByByte(stream)).frames.flatMap(({ payload }) => payload),
    );
    const states: Uint8Array[] = streams.map(() => freshState());
    const seen: number[][] = [[], []];
    for (let i = 0; i < Math.max(...streams.map(({ length }) => length)); i++) {
      for (const [which, stream] of streams.entries()) {
        const outcome = decodeOnce(kernel, states[which]!, stream.subarray(i, i + 1));
        states[which] = outcome.stateBytes;
        seen[which]!.push(...outcome.records.flatMap(({ payload }) => payload));
      }
    }
    expect(seen).toEqual(wanted);
    expect(states.map((state) => readState(state).stage)).toEqual([STAGE_HEADER, STAGE_HEADER]);
  });
});
