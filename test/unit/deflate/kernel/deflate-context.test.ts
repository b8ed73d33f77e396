// initContext(), remember() and INFLATE_KEEP of every kernel: what a context's header and ring hold, byte for byte, and
// that nothing beside them is written.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  CONTEXT_HASH_BITS,
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
  INFLATE_DONE,
  INFLATE_ERROR_DATA,
  INFLATE_FIRST,
  INFLATE_KEEP,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INPUT_PTR,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTPUT_PTR,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { INFLATE_KERNELS } from '../../../support/kernels/inflating.js';

const CONTEXT = POOL_PTR + 0x4000;
const POISON = 0xa5;

describe.each(INFLATE_KERNELS)('$name', ({ kernel }) => {
  const bytes = new Uint8Array(kernel.memory);
  const view = new DataView(kernel.memory);

  function header(contextPtr: number) {
    return {
      ringLength: view.getUint32(contextPtr + CONTEXT_RING_LENGTH, true),
      position: view.getUint32(contextPtr + CONTEXT_POSITION, true),
      history: view.getUint32(contextPtr + CONTEXT_HISTORY, true),
      hashBits: view.getUint32(contextPtr + CONTEXT_HASH_BITS, true),
    };
  }

  /** The bytes that the context remembers, the oldest first. */
  function remembered(contextPtr: number): number[] {
    const { ringLength, position, history } = header(contextPtr);
    return Array.from({ length: history }, (_, i) => {
      const place = (position - history + i) >>> 0;
      return bytes[contextPtr + CONTEXT_RING + (place & (ringLength - 1))]!;
    });
  }

  function expectOnlyWritten(from: number, to: number): void {
    const pool = bytes.subarray(POOL_PTR);
    const stray = pool.findIndex((byte, i) => byte !== POISON && (POOL_PTR + i < from || POOL_PTR + i >= to));
    expect(stray).toBe(-1);
  }

  it('initContext writes the header and no more', () => {
    bytes.fill(POISON, POOL_PTR);
    kernel.initContext(CONTEXT, 1024, 9);
    expect(header(CONTEXT)).toEqual({ ringLength: 1024, position: 0, history: 0, hashBits: 9 });
    expectOnlyWritten(CONTEXT, CONTEXT + CONTEXT_RING);
  });

  it.each([256, 512, 4096, 32_768])('remember appends to a ring of %i bytes, wherever it stands', (ringLength) => {
    bytes.fill(POISON, POOL_PTR);
    kernel.initContext(CONTEXT, ringLength, 0);
    const random = createRandom(ringLength);
    let history: number[] = [];
    let total = 0;
    const lengths = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 255, 256, 257, 1024, 1025, 5000, 65_536];
    for (let i = 0; i < 150; i++) {
      const length = i % 3 === 0 ? lengths[random() % lengths.length]! : random() % 300;
      const appended = randomBytes(length, i);
      bytes.set(appended, OUTPUT_PTR);
      kernel.remember(CONTEXT, OUTPUT_PTR, length);
      history = [...history, ...appended].slice(-ringLength);
      total += length;
      expect(header(CONTEXT)).toEqual({ ringLength, position: total, history: history.length, hashBits: 0 });
      expect(Buffer.from(remembered(CONTEXT)).equals(Uint8Array.from(history))).toBe(true);
    }
    expectOnlyWritten(CONTEXT, CONTEXT + CONTEXT_RING + ringLength);
  });

  it('remember never writes over what is still remembered', () => {
    kernel.initContext(CONTEXT, 256, 0);
    const all = randomBytes(256 + 300, 1);
    for (let length = 0; length <= 300; length++) {
      kernel.initContext(CONTEXT, 256, 0);
      bytes.set(all, OUTPUT_PTR);
      kernel.remember(CONTEXT, OUTPUT_PTR, 256);
      kernel.remember(CONTEXT, OUTPUT_PTR + 256, length);
      expect(remembered(CONTEXT)).toEqual([...all.subarray(length, 256 + length)]);
    }
  });

  it('with INFLATE_KEEP the end of a message is remembered by inflate itself, and nothing else is', () => {
    const FIRST = INFLATE_FIRST | INFLATE_KEEP;
    const inflate = (input: Uint8Array, flags: number, capacity: number) => {
      bytes.set(input, INPUT_PTR);
      const length = kernel.inflate(CONTEXT, 256, input.length, flags, capacity);
      return { status: view.getInt32(OUTCOME_PTR + OUTCOME_STATUS, true), length };
    };
    const message = deflateRawSync(Buffer.from('what is remembered'), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      -4,
    );
    kernel.initContext(CONTEXT, 256, 0);
    expect(inflate(message.subarray(0, 5), FIRST, 100).status).toBe(INFLATE_NEEDS_INPUT);
    expect(remembered(CONTEXT)).toEqual([]);
    expect(inflate(message, FIRST | INFLATE_LAST, 5)).toEqual({ status: INFLATE_NEEDS_OUTPUT, length: 5 });
    expect(remembered(CONTEXT)).toEqual([]);
    expect(inflate(new Uint8Array(0), INFLATE_KEEP | INFLATE_LAST, 100)).toEqual({ status: INFLATE_DONE, length: 13 });
    expect(remembered(CONTEXT)).toEqual([...Buffer.from('is remembered')]);
    expect(inflate(message.subarray(0, -2), FIRST | INFLATE_LAST, 100).status).toBe(INFLATE_ERROR_DATA);
    expect(inflate(message, INFLATE_FIRST | INFLATE_LAST, 100)).toEqual({ status: INFLATE_DONE, length: 18 });
    expect(remembered(CONTEXT)).toEqual([...Buffer.from('is remembered')]);
  });

  it('the position goes round at 2^32', () => {
    kernel.initContext(CONTEXT, 256, 0);
    view.setUint32(CONTEXT + CONTEXT_POSITION, 2 ** 32 - 100, true);
    bytes.set(randomBytes(200, 7), OUTPUT_PTR);
    kernel.remember(CONTEXT, OUTPUT_PTR, 200);
    expect(header(CONTEXT)).toMatchObject({ position: 100, history: 200 });
    expect(remembered(CONTEXT)).toEqual([...randomBytes(200, 7)]);
  });
});
