// src/deflate/context-pool.ts: no two slots overlap, none leaves the pool, nothing leaks.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContextPool, SPAN_LENGTH } from '../../../src/deflate/context-pool.js';
import { contextLength } from '../../../src/deflate/deflate-arena.js';

const START = 0x100000;
const WINDOW_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
const LENGTHS = WINDOW_BITS.flatMap((bits) => [contextLength(bits, 0), contextLength(bits, 10)]);

describe('ContextPool', () => {
  it('hands out what it has, says when it is spent, and has it all again', () => {
    const pool = new ContextPool(START, 2 * SPAN_LENGTH);
    const length = contextLength(15, 0);
    const ptrs = Array.from({ length: 16 }, () => pool.take(length));
    expect(new Set(ptrs).size).toBe(16);
    expect(pool.has(length)).toBe(false);
    expect(pool.take(length)).toBe(0);
    expect([pool.usedLength, pool.slotCount]).toEqual([16 * length, 16]);
    for (const ptr of ptrs) pool.give(ptr);
    expect([pool.usedLength, pool.slotCount]).toEqual([0, 0]);
    expect(Array.from({ length: 16 }, () => pool.take(length)).includes(0)).toBe(false);
  });

  it('gives the slot again that came back last', () => {
    const pool = new ContextPool(START, SPAN_LENGTH);
    const [first = 0, second = 0] = [pool.take(304), pool.take(304)];
    pool.give(second);
    pool.give(first);
    expect(pool.take(304)).toBe(first);
  });

  it('lets another length have a span that nobody is in', () => {
    const pool = new ContextPool(START, SPAN_LENGTH);
    const small = pool.take(304);
    expect(pool.has(560)).toBe(false);
    expect(pool.take(560)).toBe(0);
    pool.give(small);
    expect(pool.has(560)).toBe(true);
    expect(pool.take(560)).toBe(START);
  });

  it('has nothing where it is shorter than a span', () => {
    const pool = new ContextPool(START, SPAN_LENGTH - 1);
    expect(pool.has(304)).toBe(false);
    expect(pool.take(304)).toBe(0);
  });

  it.each(LENGTHS)('wastes at most a tenth with slots of %i bytes', (length) => {
    const pool = new ContextPool(START, SPAN_LENGTH);
    while (pool.take(length) !== 0);
    expect(pool.usedLength).toBeGreaterThan(0.9 * SPAN_LENGTH);
  });

  it('keeps slots apart, inside the pool and at multiples of 16, whatever is taken and given', () => {
    const step = fc.oneof(
      fc.record({ take: fc.constantFrom(...LENGTHS) }),
      fc.record({ give: fc.nat() }),
      fc.record({ takeMany: fc.constantFrom(...LENGTHS) }),
      fc.record({ giveAll: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (steps, spans) => {
        const end = START + spans * SPAN_LENGTH;
        const pool = new ContextPool(START, end - START);
        const taken: { ptr: number; length: number }[] = [];
        const take = (length: number) => {
          const has = pool.has(length);
          const ptr = pool.take(length);
          expect(ptr !== 0).toBe(has);
          if (ptr !== 0) taken.push({ ptr, length });
          return ptr !== 0;
        };
        for (const one of steps) {
          if ('take' in one) take(one.take);
          else if ('takeMany' in one) while (take(one.takeMany));
          else if ('give' in one && taken.length > 0) pool.give(taken.splice(one.give % taken.length, 1)[0]!.ptr);
          else if ('giveAll' in one) for (const { ptr } of taken.splice(0)) pool.give(ptr);
          expect(pool.slotCount).toBe(taken.length);
          expect(pool.usedLength).toBe(taken.reduce((sum, { length }) => sum + length, 0));
        }
        taken.sort((a, b) => a.ptr - b.ptr);
        let free = START;
        for (const { ptr, length } of taken) {
          if (ptr < free || ptr % 16 !== 0) throw new Error(`a slot at ${ptr}, where ${free} is free`);
          free = ptr + length;
        }
        expect(free).toBeLessThanOrEqual(end);
        for (const { ptr } of taken) pool.give(ptr);
        // Nothing leaked: every span can be had anew.
        for (let i = 0; i < spans; i++) expect(pool.take(SPAN_LENGTH)).not.toBe(0);
        expect(pool.take(SPAN_LENGTH)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
