// wsimd/bufferutil and wsimd/utf-8-validate: `ws` loads them by require, and calls them.

import { execFileSync } from 'node:child_process';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as bufferUtil from '../../../src/addons/bufferutil.js';
import isValidUtf8 from '../../../src/addons/utf-8-validate.js';

const require = createRequire(import.meta.url);
const nativeBufferUtil: typeof bufferUtil = require('bufferutil');
const nativeIsValidUtf8: typeof isValidUtf8 = require('utf-8-validate');

test('ws masks, unmasks and validates with them', () => {
  const script = fileURLToPath(new URL('ws-with-our-addons.cjs', import.meta.url));
  const result = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 50_000 }));
  // Of the 14 messages, 10 are longer than what `ws` sees to itself; each is masked and unmasked once, and the 5 texts among them
  // are validated at either end. Where Node masks, `ws` asks for no addon that does.
  const masked = 'websocketMask' in http ? 0 : 10;
  expect(result).toEqual({ right: 14, of: 14, mask: masked, unmask: masked, isValidUTF8: 10 });
});

test('they do what the native ones do', () => {
  const key = Buffer.from([1, 2, 3, 250]);
  for (const length of [0, 1, 31, 32, 100, 5000, 70_000]) {
    const source = Buffer.alloc(length, 'grün');
    const [ours, native] = [Buffer.alloc(length + 7), Buffer.alloc(length + 7)];
    bufferUtil.mask(source, key, ours, 3, length);
    nativeBufferUtil.mask(source, key, native, 3, length);
    expect(ours.equals(native)).toBe(true);
    bufferUtil.unmask(ours, key);
    nativeBufferUtil.unmask(native, key);
    expect(ours.equals(native)).toBe(true);
    const broken = Buffer.concat([source, Buffer.from([0xc3])]);
    expect([isValidUtf8(source), isValidUtf8(broken)]).toEqual([nativeIsValidUtf8(source), nativeIsValidUtf8(broken)]);
  }
});
