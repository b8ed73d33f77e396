// src/kernel/wasm/module-text.ts: the bytes of the modules, from the scripts that assembly/build.mjs has written.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFLATE } from '../../../../build/src/deflate/kernel/deflate-bytes.js';
import { KERNEL } from '../../../../build/src/kernel/wasm/kernel-bytes.js';
import { decodeModuleText } from '../../../../src/kernel/wasm/module-text.js';

describe.each([
  ['kernel.wasm', KERNEL.text],
  ['deflate.wasm', DEFLATE.text],
])('the text of %s', (file, text) => {
  it('stands for the bytes of the file', () => {
    const bytes = readFileSync(new URL(`../../../../build/${file}`, import.meta.url));
    expect(Buffer.from(decodeModuleText(text)).equals(bytes)).toBe(true);
  });

  it('needs no escape in a script', () => {
    expect(text).toMatch(/^[!#(-[\]-~]+$/);
  });
});

describe('decodeModuleText', () => {
  it('knows every byte, alone and behind every other', () => {
    // As the comment in module-text.ts defines it.
    const characterOf = (byte: number) => {
      const place = (byte + 4) % 256;
      const character = String.fromCharCode('('.charCodeAt(0) + (place % 86));
      return ['', '!', '#'][Math.floor(place / 86)] + (character === '\\' ? '~' : character);
    };
    const pairs = Array.from({ length: 65536 }, (_, i) => [i >> 8, i & 255]).flat();
    const text = pairs.map(characterOf).join('');
    expect(Buffer.from(decodeModuleText(text)).equals(Buffer.from(pairs))).toBe(true);
    for (let byte = 0; byte < 256; byte++) expect([...decodeModuleText(characterOf(byte))]).toEqual([byte]);
    expect(decodeModuleText('').length).toBe(0);
  });
});
