// The two kernels against each other: on valid, nearly valid and hostile streams, cut anywhere, under any options and
// limits, both must leave the same records, the same state and the same memory after every call.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHUNK_PTR,
  GUARD_LENGTH,
  OPTION_ALLOW_RSV1,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  RECORD_LENGTH,
  RECORDS_PTR,
  SCRATCH_PTR,
  STATE_LENGTH,
  STATE_PTR,
} from '../../../assembly/shared/layout.js';
import {
  FIN,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV1,
} from '../../../assembly/shared/protocol.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { concat } from '../../support/frames/wire.js';
import {
  type FrameSpec,
  frame,
  freshState,
  NO_LIMIT,
  readState,
  type Settings,
} from '../../support/kernels/decoding.js';
import { KERNELS } from '../../support/kernels/kernels.js';

const [wasm, portable] = KERNELS.map(({ kernel }) => kernel) as [Kernel, Kernel];

// ---- Streams

const byte = fc.nat(255);
const maskingKey = fc.tuple(byte, byte, byte, byte);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
  fc.constantFrom('', 'é'.repeat(70), '語'.repeat(50), '😀'.repeat(33), `${'a'.repeat(63)}é`),
);
const textBytes = text.map((value) => [...Buffer.from(value)]);
const binary = fc.oneof(
  fc.array(byte, { maxLength: 140 }),
  fc.constantFrom(125, 126, 127, 130).map((length) => new Array<number>(length).fill(0xa5)),
);
/** Nearly text: bytes that table 3-7 tells apart, in any order. */
const badText = fc.array(
  fc.constantFrom(0x41, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xe8, 0xed, 0xf0, 0xf4, 0xff),
  { maxLength: 6 },
);
const closePayload = fc.oneof(
  fc.constant<number[]>([]),
  fc
    .tuple(
      fc.oneof(fc.constantFrom(1000, 1001, 1003, 1004, 1005, 1007, 1014, 1015, 3000, 4999, 5000), fc.nat(65535)),
      text,
    )
    .map(([code, reason]) => [code >> 8, code & 0xff, ...Buffer.from(reason).subarray(0, 123)]),
);

const control: fc.Arbitrary<FrameSpec> = fc
  .tuple(fc.constantFrom(OPCODE_PING, OPCODE_PONG), fc.array(byte, { maxLength: 125 }))
  .map(([opcode, payload]) => ({ first: FIN | opcode, payload }));

/** A message in fragments, control frames between them. */
const message: fc.Arbitrary<FrameSpec[]> = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: textBytes.map((payload) => ({ opcode: OPCODE_TEXT, payload })) },
      { weight: 4, arbitrary: binary.map((payload) => ({ opcode: OPCODE_BINARY, payload })) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(textBytes, badText)
          .map(([good, bad]) => ({ opcode: OPCODE_TEXT, payload: [...good, ...bad] })),
      },
    ),
    fc.array(fc.nat(200), { maxLength: 3 }),
    fc.array(fc.option(control), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([{ opcode, payload }, cuts, controls, isCompressed]) => {
    const borders = [0, ...cuts.filter((cut) => cut <= payload.length), payload.length].sort((a, b) => a - b);
    const rsv1 = isCompressed && cuts.length > 0 ? RSV1 : 0;
    return borders.slice(1).flatMap((end, i) => {
      const fin = i === borders.length - 2 ? FIN : 0;
      const fragment = {
        first: fin | (i === 0 ? opcode | rsv1 : OPCODE_CONTINUATION),
        payload: payload.slice(borders[i], end),
      };
      const between = controls[i];
      return between ? [fragment, between] : [fragment];
    });
  });

/** A length as it is, in a form that may not be its shortest, or one that is not the payload's. */
const lengthForm: fc.Arbitrary<Partial<FrameSpec>> = fc.oneof(
  fc.constantFrom<Partial<FrameSpec>[]>({}, { lengthBits: 16 }, { lengthBits: 64 }),
  fc
    .oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(0n, 125n, 126n, 65535n, 65536n, 2n ** 32n, NO_LIMIT, NO_LIMIT + 1n, 2n ** 63n),
    )
    .map((claimed) => ({ claimed, lengthBits: 64 as const })),
);

/** Whatever a header can say, right or wrong. */
const hostile: fc.Arbitrary<FrameSpec[]> = fc.oneof(
  fc
    .tuple(
      fc.oneof(byte, fc.constantFrom(0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x08, 0x88, 0x09, 0x89, 0x83, 0x8b)),
      fc.array(byte, { maxLength: 20 }),
      lengthForm,
    )
    .map(([first, payload, form]) => [{ first, payload, ...form }]),
  closePayload.map((payload) => [{ first: FIN | OPCODE_CLOSE, payload }]),
  badText.map((payload) => [{ first: FIN | OPCODE_TEXT, payload }]),
);

const ROLES = [OPTION_REQUIRE_MASKED, OPTION_REQUIRE_UNMASKED, 0] as const;

interface Scenario {
  readonly settings: Settings;
  readonly stream: Uint8Array;
}

const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    role: fc.constantFrom(...ROLES),
    extras: fc.constantFrom(0, OPTION_ALLOW_RSV1, OPTION_ALLOW_RSV1, OPTION_SKIP_UTF8),
    limits: fc.oneof(
      { weight: 3, arbitrary: fc.constant([NO_LIMIT, NO_LIMIT] as const) },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom(0n, 20n, 125n, 126n, 2n ** 32n, NO_LIMIT),
          fc.constantFrom(0n, 50n, 126n, 200n, 2n ** 32n + 1n, NO_LIMIT),
        ),
      },
    ),
    frames: fc.array(fc.oneof({ weight: 6, arbitrary: message }, { weight: 1, arbitrary: hostile }), { maxLength: 6 }),
    keys: fc.array(maskingKey, { minLength: 1, maxLength: 4 }),
    /** Bytes of the stream that are something else than they should be. */
    damages: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(300), byte), { minLength: 1, maxLength: 2 }) },
    ),
  })
  .map(({ role, extras, limits, frames, keys, damages }) => {
    // Without the extension RSV1 would end nearly every stream at its first message.
    const owned = extras === OPTION_ALLOW_RSV1 ? 0xff : ~RSV1;
    const specs = frames.flat().map((spec) => ({ ...spec, first: spec.first & owned }));
    const stream = concat(
      ...specs.map((spec, i) => {
        const isMasked = role === OPTION_REQUIRE_MASKED || (role === 0 && i % 2 === 0);
        return frame({ ...spec, ...(isMasked ? { maskingKey: keys[i % keys.length]! } : {}) });
      }),
    );
    for (const [offset, value] of damages) if (offset < stream.length) stream[offset] = value;
    return {
      settings: { options: role | extras, maxFrameLength: limits[0], maxMessageLength: limits[1] },
      stream,
    };
  });

// ---- One call on both kernels

const memories = [wasm, portable].map(({ memory }) => new Uint8Array(memory)) as [Uint8Array, Uint8Array];
const POISON = 0xe2;

/** Compares a region of both memories. */
function expectSame(from: number, to: number, what: string): void {
  const [a, b] = memories;
  if (Buffer.compare(a.subarray(from, to), b.subarray(from, to)) === 0) return;
  expect(Buffer.from(a.subarray(from, to)).toString('hex'), what).toBe(
    Buffer.from(b.subarray(from, to)).toString('hex'),
  );
}

/** Feeds a chunk to both kernels until it is consumed, comparing all that a call leaves. Returns the state. */
function feed(state: Uint8Array, chunk: Uint8Array, alignment: number, recordCapacity: number): Uint8Array {
  const chunkPtr = CHUNK_PTR + alignment;
  let rest = chunk;
  let current = state;
  do {
    for (const memory of memories) {
      memory.fill(POISON, chunkPtr - GUARD_LENGTH, chunkPtr + rest.length + GUARD_LENGTH);
      memory.set(rest, chunkPtr);
      memory.fill(POISON, RECORDS_PTR, RECORDS_PTR + (recordCapacity + 1) * RECORD_LENGTH);
      memory.set(current, STATE_PTR);
    }
    const count = wasm.decode(STATE_PTR, chunkPtr, rest.length, RECORDS_PTR, recordCapacity);
    expect(portable.decode(STATE_PTR, chunkPtr, rest.length, RECORDS_PTR, recordCapacity), 'records').toBe(count);
    expectSame(STATE_PTR, STATE_PTR + STATE_LENGTH, 'state');
    expectSame(RECORDS_PTR, RECORDS_PTR + (recordCapacity + 1) * RECORD_LENGTH, 'record table');
    expectSame(chunkPtr - GUARD_LENGTH, chunkPtr + rest.length + GUARD_LENGTH, 'chunk');
    current = memories[0].slice(STATE_PTR, STATE_PTR + STATE_LENGTH);
    rest = rest.subarray(readState(current).consumed);
  } while (rest.length > 0);
  return current;
}

describe('both kernels', () => {
  it('are two', () => {
    expect(KERNELS.map(({ kernel }) => kernel.name)).toEqual(['wasm', 'portable']);
    expect(wasm.memory).not.toBe(portable.memory);
  });

  it('decode every stream alike', () => {
    fc.assert(
      fc.property(
        scenario,
        fc.array(fc.nat(400), { maxLength: 8 }),
        fc.nat(63),
        fc.constantFrom(1, 2, 3, 64),
        ({ settings, stream }, cuts, alignment, recordCapacity) => {
          const borders = [0, ...cuts.filter((cut) => cut <= stream.length), stream.length].sort((a, b) => a - b);
          let state: Uint8Array = freshState(settings);
          for (const [i, end] of borders.slice(1).entries()) {
            state = feed(state, stream.subarray(borders[i], end), (alignment + i) % 64, recordCapacity);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('decode every stream alike, byte by byte', () => {
    fc.assert(
      fc.property(scenario, ({ settings, stream }) => {
        let state: Uint8Array = freshState(settings);
        for (const value of stream) state = feed(state, Uint8Array.of(value), 0, 1);
      }),
      { numRuns: 200 },
    );
  });

  it('decode large frames alike', () => {
    const fillings = ['a', '語', 'é😀ab'].map((filling) => Buffer.alloc(65536, filling));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...fillings), fc.nat(20000), maskingKey), { minLength: 1, maxLength: 6 }),
        fc.nat(65536),
        fc.integer({ min: 500, max: 20000 }),
        (frames, damage, size) => {
          const stream = concat(
            ...frames.map(([filling, length, key]) =>
              // Whole characters: 24 is a multiple of what each filling repeats.
              frame({
                first: FIN | OPCODE_TEXT,
                payload: filling.subarray(0, length - (length % 24)),
                maskingKey: key,
              }),
            ),
          );
          if (damage < stream.length) stream[damage] = 0xff;
          let state: Uint8Array = freshState();
          for (let start = 0; start < stream.length; start += size) {
            state = feed(state, stream.subarray(start, start + size), start % 64, 64);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('decode bytes of no meaning alike', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ROLES),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 3 }),
        fc.constantFrom<(number | undefined)[]>(0x01, 0x02, 0x81, 0x82, 0x88, 0x89, undefined),
        (options, chunks, firstByte) => {
          let state: Uint8Array = freshState({ options });
          for (const chunk of chunks) {
            if (firstByte !== undefined && chunk === chunks[0]) chunk[0] = firstByte;
            state = feed(state, chunk, 0, 4);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('encode, mask and validate alike', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(63),
        fc.record({
          firstByte: byte,
          payloadLength: fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(65535, 65536)),
          masked: fc.nat(1),
          key: fc.integer(),
          phase: fc.nat(3),
          state: fc.constantFrom(0, 0xbf8001, 0xbf8002, 0xbf8003, 0xbfa002, 0x9f8002, 0xbf9003, 0x8f8003),
        }),
        (bytes, alignment, { firstByte, payloadLength, masked, key, phase, state }) => {
          const ptr = SCRATCH_PTR + 64 + alignment;
          const [from, to] = [ptr - GUARD_LENGTH, ptr + bytes.length + GUARD_LENGTH];
          for (const memory of memories) {
            memory.fill(POISON, from, to);
            memory.set(bytes, ptr);
          }
          const [one, other] = [wasm, portable].map((kernel) => ({
            state: kernel.validate(ptr, bytes.length, state),
            headerLength: kernel.encode(ptr, bytes.length, firstByte, payloadLength, masked, key),
          }));
          expect(one).toEqual(other);
          for (const kernel of [wasm, portable]) kernel.mask(ptr, bytes.length, key, phase);
          expectSame(from, to, 'scratch');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
