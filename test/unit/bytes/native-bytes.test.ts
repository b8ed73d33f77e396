// src/bytes/host.ts: Node's native functions on a caller's buffers, used where Node has them and nowhere else.

import { expect, it } from 'vitest';
import { findNativeBytes, getNativeBytes } from '../../../src/bytes/host.js';

const builtins = {
  'node:http': { websocketMask: () => {} },
  'node:buffer': { isUtf8: () => true, isAscii: () => true },
};
const process = { getBuiltinModule: (name: string) => builtins[name as keyof typeof builtins] };

it('finds those that a version of Node has', () => {
  expect(Object.keys(findNativeBytes({ process }))).toEqual(['mask', 'isUtf8', 'isAscii']);
  expect(Object.keys(findNativeBytes({ process: { getBuiltinModule: () => ({}) } }))).toEqual([]);
  expect(getNativeBytes().isUtf8?.(Uint8Array.of(0xc3, 0x28))).toBe(false);
});

it('finds none in Bun, Deno, a browser and a Node without getBuiltinModule', () => {
  for (const scope of [
    { process, Bun: {} },
    { process, Deno: {} },
    {},
    { process: {} },
    { process: { getBuiltinModule: () => undefined } },
  ]) {
    expect(findNativeBytes(scope)).toEqual({});
  }
});
