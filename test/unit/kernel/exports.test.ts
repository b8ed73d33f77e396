// Every function that the two modules export is reached through the package's public face, on each kernel: calls are counted on
// the kernel that serves. The lists are the modules' own, so that a new export without a use is seen.

import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { OUTPUT_CAPACITY } from '../../../assembly/shared/deflate-layout.js';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import type { DeflateKernel } from '../../../src/deflate/kernel/deflate-kernel.js';
import { Connection, findInvalidUtf8, selectKernel } from '../../../src/index.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';

const made = vi.hoisted(() => ({ deflateKernels: [] as DeflateKernel[] }));
vi.mock('../../../src/deflate/kernel/select-deflate.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../src/deflate/kernel/select-deflate.js')>();
  return {
    ...original,
    createDeflateKernel(...parameters: Parameters<typeof original.createDeflateKernel>) {
      const kernel = original.createDeflateKernel(...parameters);
      made.deflateKernels.push(kernel);
      countCalls(kernel, exportsOf('deflate.wasm'));
      return kernel;
    },
  };
});

const calls = new Map<string, number>();

/** The functions of a built module. */
function exportsOf(file: string): string[] {
  const module = new WebAssembly.Module(readFileSync(new URL(`../../../build/${file}`, import.meta.url)));
  return WebAssembly.Module.exports(module).flatMap(({ kind, name }) => (kind === 'function' ? [name] : []));
}

/** Counts a kernel's calls from now on; what they do stays. */
function countCalls(kernel: object, names: readonly string[]): void {
  const functions = kernel as Record<string, (...parameters: number[]) => unknown>;
  for (const name of names) {
    const original = functions[name]!.bind(kernel);
    functions[name] = (...parameters) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return original(...parameters);
    };
  }
}

/** Of each function, whether it was called since the last time. */
function takeCalled(names: readonly string[]): Record<string, boolean> {
  const called = Object.fromEntries(names.map((name) => [name, (calls.get(name) ?? 0) > 0]));
  calls.clear();
  return called;
}

const all = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]));
/** Newer hosts decode most texts themselves. The kernel transcodes runs of three-byte characters on each of them. */
const TEXT = '天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏'.repeat(40);

describe.each(KERNEL_NAMES)('the %s kernel', (name) => {
  it('each function of the frame module', () => {
    const { kernel } = selectKernel(name);
    const names = exportsOf('kernel.wasm');
    expect(names.sort()).toEqual(['decode', 'encode', 'mask', 'transcode', 'validate']);
    countCalls(kernel, names);

    const client = new Connection({ role: 'client', kernel: name });
    const server = new Connection({ role: 'server', kernel: name });
    client.sendText(TEXT);
    client.sendBinary(new Uint8Array(100_000));
    client.sendBinary(new Uint8Array(200));
    expect(server.receive(client.takeOutgoing()).map(({ type }) => type)).toEqual(['text', 'binary', 'binary']);
    expect(findInvalidUtf8(Uint8Array.of(0x61, 0xff), name)).toBe(1);
    expect(takeCalled(names)).toEqual(all(names));
    expect(kernel.name).toBe(name);
  });

  it('each function of the module for compression', () => {
    const names = exportsOf('deflate.wasm');
    expect(names.sort()).toEqual(['deflate', 'inflate', 'initContext', 'remember', 'transcode']);
    made.deflateKernels.length = 0;

    const deflate = new PerMessageDeflate({ kernel: name, poolLength: 2 ** 20, threshold: 0 });
    const offers = deflate.offer();
    const answer = deflate.answer(offers);
    const client = new Connection({ role: 'client', kernel: name }, deflate.forClient(answer, offers));
    const server = new Connection({ role: 'server', kernel: name }, deflate.forServer(answer));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // The second is inflated in pieces: all but the last are remembered apart.
      const texts = [TEXT, TEXT.repeat(Math.ceil(OUTPUT_CAPACITY / TEXT.length) + 1)];
      for (const text of texts) from.sendText(text);
      const sent = from.takeOutgoing();
      expect(sent.length).toBeLessThan(texts.join('').length);
      expect(to.receive(sent)).toEqual(texts.map((text) => ({ type: 'text', text })));
      // The module's start says what both share; it counts for the first direction alone.
      expect(takeCalled(names)).toEqual(all(names));
    }
    expect(made.deflateKernels.map((kernel) => kernel.name)).toEqual([name]);
    client.receiveEnd();
    server.receiveEnd();
  });
});
