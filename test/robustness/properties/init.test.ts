// init and initDeflate: whatever they are given that is no compiled module is refused, and the kernel that would have served serves.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initDeflate, PerMessageDeflate } from '../../../src/deflate/index.js';
import { type CompiledModule, FrameEncoder, init } from '../../../src/index.js';

const anything = fc.anything({ withTypedArray: true, withNullPrototype: true });

test('init takes nothing but a compiled module', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(() => init(value as CompiledModule)).toThrow(TypeError);
    }),
  );
  expect(new FrameEncoder({ role: 'server' }).encodeText('a')).toEqual(Uint8Array.of(0x81, 1, 0x61));
});

test('initDeflate likewise', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(() => initDeflate(value as CompiledModule)).toThrow(TypeError);
    }),
  );
  expect(new PerMessageDeflate().offer()).not.toEqual([]);
});
