// Kernel.mask: XOR with a masking key, at every length, phase and alignment, over both kernels.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SCRATCH_CAPACITY, SCRATCH_PTR } from '../../../../assembly/shared/layout.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { describeKernels } from '../../../support/kernels/kernels.js';

const KEYS = [0x44f302a1, 0x80000001, 0xffffffff, 0, -1, -2] as const;

/** The rule of RFC 6455 section 5.3, byte by byte. */
function maskPlainly(bytes: Uint8Array, ptr: number, length: number, maskingKey: number, phase: number): void {
  for (let i = 0; i < length; i++) {
    const keyByte = (maskingKey >>> (8 * ((phase + i) % 4))) & 0xff;
    bytes[ptr + i] = bytes[ptr + i]! ^ keyByte;
  }
}

describeKernels('mask', (kernel, memory) => {
  it('masks lengths 0-130 at every phase and alignment and touches no byte around', () => {
    // Poison from end to end; `expected` is a twin of the whole memory on which the plain rule works.
    const around = SCRATCH_PTR + 1024;
    memory.set(randomBytes(2048, 1), SCRATCH_PTR);
    const expected = memory.slice();
    for (let length = 0; length <= 130; length++) {
      for (let phase = 0; phase < 4; phase++) {
        for (let alignment = 0; alignment < 16; alignment++) {
          const maskingKey = KEYS[(length + phase + alignment) % KEYS.length]!;
          maskPlainly(expected, around + alignment, length, maskingKey, phase);
          kernel.mask(around + alignment, length, maskingKey, phase);
          const difference = Buffer.compare(
            memory.subarray(around - 256, around + 512),
            expected.subarray(around - 256, around + 512),
          );
          if (difference !== 0) expect.fail(`length ${length}, phase ${phase}, alignment ${alignment}`);
        }
      }
    }
    expect(Buffer.compare(memory, expected)).toBe(0);
  });

  it('masks long runs, up to the whole scratch', () => {
    const random = createRandom(2);
    memory.set(randomBytes(SCRATCH_CAPACITY, 3), SCRATCH_PTR);
    const expected = memory.slice();
    const runs = Array.from({ length: 40 }, () => [random() % 64, 131 + (random() % 8000), random() % 4] as const);
    runs.push([0, SCRATCH_CAPACITY, 0], [1, SCRATCH_CAPACITY - 1, 3], [63, SCRATCH_CAPACITY - 63, 2]);
    for (const [alignment, length, phase] of runs) {
      const maskingKey = random();
      maskPlainly(expected, SCRATCH_PTR + alignment, length, maskingKey, phase);
      kernel.mask(SCRATCH_PTR + alignment, length, maskingKey, phase);
      expect(Buffer.compare(memory, expected), `length ${length}, phase ${phase}, alignment ${alignment}`).toBe(0);
    }
  });

  it('gives the bytes back when it masks twice', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.nat(63),
        fc.integer(),
        fc.nat(3),
        (bytes, alignment, maskingKey, phase) => {
          const ptr = SCRATCH_PTR + alignment;
          memory.set(bytes, ptr);
          kernel.mask(ptr, bytes.length, maskingKey, phase);
          kernel.mask(ptr, bytes.length, maskingKey, phase);
          expect(Buffer.compare(memory.subarray(ptr, ptr + bytes.length), bytes)).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('masks in pieces as it masks at once, the phase being the bytes before', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.integer(),
        fc.array(fc.nat(600), { maxLength: 4 }),
        (bytes, maskingKey, cuts) => {
          const whole = bytes.slice();
          maskPlainly(whole, 0, whole.length, maskingKey, 0);
          memory.set(bytes, SCRATCH_PTR);
          const borders = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
          for (const [i, start] of borders.slice(0, -1).entries()) {
            kernel.mask(SCRATCH_PTR + start, borders[i + 1]! - start, maskingKey, start & 3);
          }
          expect(Buffer.compare(memory.subarray(SCRATCH_PTR, SCRATCH_PTR + bytes.length), whole)).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
