// src/deflate/message-deflater.ts: what stands in a context after a message that was not sent as it was deflated. That
// peers can read what follows is in sending.test.ts.

import { describe, expect, it } from 'vitest';
import { CONTEXT_HISTORY, CONTEXT_POSITION, PAGE_LENGTH, POOL_PTR } from '../../../assembly/shared/deflate-layout.js';
import { SPAN_LENGTH } from '../../../src/deflate/context-pool.js';
import { DeflateArena } from '../../../src/deflate/deflate-arena.js';
import { createDeflateKernel } from '../../../src/deflate/kernel/select-deflate.js';
import { MessageDeflater } from '../../../src/deflate/message-deflater.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';

const RING = 4096;

describe.each(DEFLATE_KERNELS)('MessageDeflater on the %s kernel', (kernel) => {
  const settings = { level: 'default', threshold: 0, windowBits: 12, hashBits: 11 } as const;

  function setUp() {
    const arena = new DeflateArena(createDeflateKernel(kernel, Math.ceil(SPAN_LENGTH / PAGE_LENGTH)));
    const deflater = new MessageDeflater(arena, settings, 15, true);
    const word = (offset: number) => arena.words[(POOL_PTR + offset) / 4]!;
    return { deflater, context: () => [word(CONTEXT_POSITION), word(CONTEXT_HISTORY)] };
  }

  it.each([
    // Sent before, sent in vain, left of the history.
    [100, 2000, 100],
    [3000, 1025, 3000],
    [3000, 1097, RING - 1097],
    [10_000, 1025, RING - 1025],
    [10_000, 3000, RING - 3000],
    [10_000, RING, 0],
    [10_000, 70_000, 0],
  ])('%i bytes remembered, %i not: history %i', (before, noise, left) => {
    const { deflater, context } = setUp();
    expect(deflater.deflate('text'.repeat(before / 4))).toBeDefined();
    expect(context()).toEqual([before, Math.min(before, RING)]);
    expect(deflater.deflate(randomBytes(noise, 1))).toBeUndefined();
    expect(context()).toEqual([before, left]);
  });

  it('remembers a short message that gains nothing', () => {
    const { deflater, context } = setUp();
    expect(deflater.deflate(randomBytes(RING / 4, 1))!.length).toBeGreaterThan(RING / 4);
    expect(context()).toEqual([RING / 4, RING / 4]);
  });
});
