// src/kernel/wasm/module-code.ts: relaxed swizzles where the engine has them, and the same results.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DEFLATE } from '../../../../build/src/deflate/kernel/deflate-bytes.js';
import { KERNEL } from '../../../../build/src/kernel/wasm/kernel-bytes.js';
import { compileModule } from '../../../../src/kernel/wasm/module-code.js';
import { decodeModuleText } from '../../../../src/kernel/wasm/module-text.js';
import { compileSources, runChild } from '../../../support/programs/child.js';

afterEach(() => vi.unstubAllGlobals());

/** `i8x16.swizzle`, in three bytes. */
const SWIZZLE = [0xfd, 0x8e, 0x00];
const RELAXED_SWIZZLE = [0xfd, 0x80, 0x02];

describe.each([
  ['kernel.wasm', KERNEL],
  ['deflate.wasm', DEFLATE],
])('%s', (file, code) => {
  const bytes = decodeModuleText(code.text);

  it('has an ordinary swizzle at each place that may become a relaxed one', () => {
    expect(code.swizzles.length).toBeGreaterThan(0);
    for (const at of code.swizzles) expect([...bytes.subarray(at, at + 3)]).toEqual(SWIZZLE);
  });

  it.each([
    ['with relaxed swizzles where the engine has them', true, RELAXED_SWIZZLE],
    ['as the file has it where the engine has none', false, SWIZZLE],
  ])('is compiled %s', (_, hasRelaxed, instruction) => {
    const compiled: Uint8Array[] = [];
    class Module {
      constructor(source: Uint8Array) {
        compiled.push(source);
      }
    }
    vi.stubGlobal('WebAssembly', { Module, validate: () => hasRelaxed });
    compileModule(code);
    const expected = readFileSync(new URL(`../../../../build/${file}`, import.meta.url));
    for (const at of code.swizzles) expected.set(instruction, at);
    expect(compiled.length).toBe(1);
    expect(Buffer.from(compiled[0]!).equals(expected)).toBe(true);
  });
});

describe('relaxed swizzles', () => {
  it('validate every pair of bytes, at each place of a vector, as ordinary ones do', async () => {
    const compiled = compileSources();
    try {
      const code = `
        import { KERNEL } from './src/kernel/wasm/kernel-bytes.js';
        import { compileModule } from './src/kernel/wasm/module-code.js';
        import { decodeModuleText } from './src/kernel/wasm/module-text.js';
        const [plain, relaxed] = [new WebAssembly.Module(decodeModuleText(KERNEL.text)), compileModule(KERNEL)].map(
          (module) => new WebAssembly.Instance(module).exports,
        );
        const text = new TextEncoder().encode('a漢é👍漢字é👍漢字a👍漢字é👍b');
        const ptr = 0x20000;
        const memories = [plain, relaxed].map(({ memory }) => new Uint8Array(memory.buffer, ptr, text.length));
        let compared = 0;
        const unequal = [];
        for (let place = 14; place < 32; place++) {
          for (let pair = 0; pair < 65536; pair++) {
            for (const memory of memories) {
              memory.set(text);
              memory[place] = pair >> 8;
              memory[place + 1] = pair & 255;
            }
            const results = [plain, relaxed].map(({ validate }) => validate(ptr, text.length, 0));
            if (results[0] !== results[1]) unequal.push({ place, pair, results });
            compared++;
          }
        }
        console.log(JSON.stringify({ compared, unequal: unequal.slice(0, 3) }));`;
      // Node 20 has relaxed SIMD behind a flag, which later ones no longer know.
      const flags = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];
      expect(await runChild(compiled.directory, code, { flags })).toEqual({ compared: 18 * 65536, unequal: [] });
    } finally {
      compiled.dispose();
    }
  });
});
