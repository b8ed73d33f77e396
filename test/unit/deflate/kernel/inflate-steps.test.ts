// inflate() of every kernel in steps: whatever each call may take, put out, and spend on headers, and whatever uses the kernel
// between two calls, the output is that of node:zlib.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HEADER_COST,
  INFLATE_AGAIN,
  INFLATE_BLOCKS_SHIFT,
  INFLATE_DONE,
  INFLATE_FIRST,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_PAUSED,
  INFLATE_TEXT,
  INPUT_CAPACITY,
  INPUT_PTR,
  MAX_WINDOW_LENGTH,
  OUTCOME_BLOCKS,
  OUTCOME_LEFT,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTPUT_CAPACITY,
  OUTPUT_PTR,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import type { DeflateKernel } from '../../../../src/deflate/kernel/deflate-kernel.js';
import { BitWriter, deflateAlone, INFLATE_KERNELS } from '../../../support/kernels/inflating.js';

/** What a step may do, and what happens behind it. */
interface Step {
  readonly input: number;
  readonly output: number;
  readonly blocks: number;
  /** Another message is inflated before the next step, and the input's region overwritten. */
  readonly isDisturbed: boolean;
}

const OTHER_CONTEXT = POOL_PTR + 0x9000;
const OTHER = Buffer.from('another message, with codes of its own: '.repeat(40));
const OTHER_PAYLOAD = deflateAlone(OTHER);

/** Inflates a message step by step, the steps again and again. @returns what came out, and the statuses */
function inflateInSteps(kernel: DeflateKernel, payload: Uint8Array, steps: readonly Step[], isText = false) {
  const bytes = new Uint8Array(kernel.memory);
  const words = new Int32Array(kernel.memory, OUTCOME_PTR, 4);
  const output: Uint8Array[] = [];
  const statuses = new Set<number>();
  let flags = INFLATE_FIRST | (isText ? INFLATE_TEXT : 0);
  let status = INFLATE_NEEDS_INPUT;
  let at = 0;
  let left = 0;
  let isDisturbed = false;
  kernel.initContext(POOL_PTR, MAX_WINDOW_LENGTH, 0);
  for (let i = 0; status !== INFLATE_DONE; i++) {
    if (i > 200_000) throw new Error('it does not end');
    const step = steps[i % steps.length]!;
    flags &= ~(INFLATE_AGAIN | (0xffffff << INFLATE_BLOCKS_SHIFT));
    flags |= step.blocks << INFLATE_BLOCKS_SHIFT;
    let length = 0;
    if (status === INFLATE_NEEDS_INPUT || isDisturbed) {
      if (status !== INFLATE_NEEDS_INPUT) {
        at -= Math.max(left - ((flags & INFLATE_LAST) === 0 ? 0 : 4), 0);
        flags = (flags & ~INFLATE_LAST) | INFLATE_AGAIN;
      }
      length = Math.min(step.input, payload.length - at, INPUT_CAPACITY);
      bytes.set(payload.subarray(at, at + length), INPUT_PTR);
      at += length;
      if (at === payload.length) flags |= INFLATE_LAST;
    }
    const put = kernel.inflate(POOL_PTR, MAX_WINDOW_LENGTH, length, flags, step.output);
    flags &= ~INFLATE_FIRST;
    status = words[OUTCOME_STATUS / 4]!;
    left = words[OUTCOME_LEFT / 4]!;
    if (status < 0) throw new Error(`status ${status}`);
    expect(put).toBeLessThanOrEqual(step.output);
    expect(words[OUTCOME_BLOCKS / 4]!).toBeLessThan((step.blocks || 2 ** 24) + HEADER_COST);
    statuses.add(status);
    output.push(bytes.slice(OUTPUT_PTR, OUTPUT_PTR + put));
    kernel.remember(POOL_PTR, OUTPUT_PTR, put);
    isDisturbed = step.isDisturbed && status !== INFLATE_DONE;
    if (isDisturbed) {
      const bringBack = kernel.suspendInflate();
      kernel.initContext(OTHER_CONTEXT, MAX_WINDOW_LENGTH, 0);
      bytes.set(OTHER_PAYLOAD, INPUT_PTR);
      const { length: otherLength } = OTHER_PAYLOAD;
      const others = INFLATE_FIRST | INFLATE_LAST;
      expect(kernel.inflate(OTHER_CONTEXT, MAX_WINDOW_LENGTH, otherLength, others, OUTPUT_CAPACITY)).toBe(OTHER.length);
      bringBack();
    }
  }
  return { output: Buffer.concat(output), statuses };
}

/** A message as a stranger may compress it. */
const messages = fc
  .record({
    parts: fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 60 }).map((part) => Buffer.from(part)),
        fc.tuple(fc.string({ maxLength: 9 }), fc.nat({ max: 400 })).map(([text, n]) => Buffer.from(text.repeat(n))),
      ),
      { maxLength: 6 },
    ),
    level: fc.constantFrom(0, 1, 6, 9),
    strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY),
  })
  .map(({ parts, level, strategy }) => {
    const message = Buffer.concat(parts);
    return { message, payload: deflateAlone(message, { level, strategy }) };
  });

const steps = fc.array(
  fc.record({
    input: fc.oneof(fc.constantFrom(1, INPUT_CAPACITY), fc.integer({ min: 1, max: 700 })),
    output: fc.oneof(fc.constantFrom(1, 2, OUTPUT_CAPACITY), fc.integer({ min: 1, max: 700 })),
    blocks: fc.constantFrom(0, 1, HEADER_COST, HEADER_COST + 1),
    isDisturbed: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Blocks with codes of their own that hold nothing: 40 bytes each at most. */
function emptyBlocks(count: number): Uint8Array {
  const blocks = [];
  for (let i = 0; i < count; i++) {
    const writer = new BitWriter().number(0, 1).number(2, 2);
    // 257 and 1 codes; lengths 0 and 1 have codes of one bit.
    writer.number(0, 5).number(0, 5).number(14, 4);
    for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]) {
      writer.number(symbol <= 1 ? 1 : 0, 3);
    }
    // The first literal and the end of the block have a code, and so has the one distance.
    writer.codes(`1${'0'.repeat(255)}11`).codes('1');
    blocks.push(writer.number(0, 3).align().number(0, 16).number(0xffff, 16).bytes());
  }
  return Buffer.concat(blocks);
}

describe.each(INFLATE_KERNELS)('$name', ({ kernel }) => {
  it('puts out the same in steps of any size, with others in between', { timeout: 120_000 }, () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(messages, steps, ({ message, payload }, sizes) => {
        const { output, statuses } = inflateInSteps(kernel, payload, sizes);
        for (const status of statuses) seen.add(status);
        expect(output.equals(message)).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual([INFLATE_DONE, INFLATE_NEEDS_INPUT, INFLATE_NEEDS_OUTPUT, INFLATE_PAUSED]);
  });

  it('may be interrupted behind any byte of its input and any byte of its output', { timeout: 120_000 }, () => {
    for (const options of [{ level: 0 }, { level: 9 }, { strategy: constants.Z_FIXED }]) {
      const message = Buffer.from('To be, or not to be, that is the question. Whether it is nobler…'.repeat(3));
      const payload = deflateAlone(message, options);
      const whole = { input: INPUT_CAPACITY, output: OUTPUT_CAPACITY, blocks: 0, isDisturbed: true };
      for (let input = 1; input <= payload.length; input++) {
        expect(inflateInSteps(kernel, payload, [{ ...whole, input }, whole]).output.equals(message)).toBe(true);
      }
      for (let output = 1; output <= message.length; output++) {
        expect(inflateInSteps(kernel, payload, [{ ...whole, output }, whole], true).output.equals(message)).toBe(true);
      }
    }
  });

  it('stops once the headers of blocks have cost what they may, and goes on behind them', () => {
    const count = 100;
    const payload = Buffer.concat([emptyBlocks(count), deflateAlone(Buffer.from('at last'))]);
    const end = Buffer.from([0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff]);
    expect(inflateRawSync(Buffer.concat([payload, end])).toString()).toBe('at last');
    const words = new Int32Array(kernel.memory, OUTCOME_PTR, 4);
    const bytes = new Uint8Array(kernel.memory);
    kernel.initContext(POOL_PTR, MAX_WINDOW_LENGTH, 0);
    bytes.set(payload, INPUT_PTR);
    const allowed = 10 * (HEADER_COST + 1);
    let flags = INFLATE_FIRST | INFLATE_LAST | (allowed << INFLATE_BLOCKS_SHIFT);
    const outputs: number[] = [];
    do {
      const length: number = outputs.length === 0 ? payload.length : 0;
      outputs.push(kernel.inflate(POOL_PTR, MAX_WINDOW_LENGTH, length, flags, OUTPUT_CAPACITY));
      flags &= ~INFLATE_FIRST;
    } while (words[OUTCOME_STATUS / 4] === INFLATE_PAUSED);
    expect(words[OUTCOME_STATUS / 4]).toBe(INFLATE_DONE);
    expect(outputs).toEqual([...new Array(count / 10).fill(0), 'at last'.length]);
  });

  it('charges every kind of block, and none that it does not reach', () => {
    const words = new Int32Array(kernel.memory, OUTCOME_PTR, 4);
    const bytes = new Uint8Array(kernel.memory);
    const charged = (payload: Uint8Array) => {
      kernel.initContext(POOL_PTR, MAX_WINDOW_LENGTH, 0);
      bytes.set(payload, INPUT_PTR);
      kernel.inflate(POOL_PTR, MAX_WINDOW_LENGTH, payload.length, INFLATE_FIRST | INFLATE_LAST, OUTPUT_CAPACITY);
      return words[OUTCOME_BLOCKS / 4];
    };
    const text = Buffer.from('a text that is long enough to get codes of its own, as zlib sees it, it seems'.repeat(9));
    // Each ends with an empty stored block, which is met at the border and read.
    expect(charged(deflateAlone(text, { level: 0 }))).toBe(2);
    expect(charged(deflateAlone(text, { strategy: constants.Z_FIXED }))).toBe(2);
    expect(charged(deflateAlone(text))).toBe(HEADER_COST + 1);
    expect(charged(deflateRawSync(text))).toBe(HEADER_COST);
  });
});
