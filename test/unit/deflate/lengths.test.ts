// src/deflate/: how short what is sent gets, beside node:zlib with the same window and the same history.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type DeflateLevel, PerMessageDeflate } from '../../../src/deflate/index.js';
import { type CorpusName, messageOf, TEXT_CORPORA } from '../../support/inputs/corpora.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';

const WINDOW_BITS = 12;
/** Messages of a case, and bytes, unless those would be a few messages only. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 100_000;
const LEAST_MESSAGES = 20;
/**
 * How many times as long as zlib's what each kernel sends may be: at level default and zlib's level 1, of JSON; at level smallest
 * and zlib's level 6, of any text. The portable kernel knows one place for each hash of a context, WebAssembly two.
 */
const BARS = { wasm: { default: 1, smallest: 1.03 }, portable: { default: 1.04, smallest: 1.2 } };

function messagesOf(corpus: CorpusName, length: number): Uint8Array[] {
  const count = Math.max(LEAST_MESSAGES, Math.min(MOST_MESSAGES, Math.floor(MOST_BYTES / length)));
  return Array.from({ length: count }, (_, i) => messageOf(corpus, length, i + 1));
}

function zlibLength(messages: readonly Uint8Array[], isTakeover: boolean, level: number): number {
  let history = Buffer.alloc(0);
  let total = 0;
  for (const message of messages) {
    const dictionary = history.length > 0 ? { dictionary: history } : {};
    const options = { level, windowBits: WINDOW_BITS, finishFlush: constants.Z_SYNC_FLUSH, ...dictionary };
    total += deflateRawSync(message, options).length - 4;
    if (isTakeover) history = Buffer.concat([history, message]).subarray(-(2 ** WINDOW_BITS));
  }
  return total;
}

describe.each(DEFLATE_KERNELS)('lengths on the %s kernel', (kernel) => {
  function ourLength(messages: readonly Uint8Array[], isTakeover: boolean, level: DeflateLevel): number {
    const deflate = new PerMessageDeflate({ kernel, level, threshold: 0, deflateTakeover: isTakeover });
    const connection = deflate.forServer(deflate.answer([{ name: 'permessage-deflate', parameters: [] }]))!;
    expect(deflate.kernelName).toBe(kernel);
    let total = 0;
    for (const message of messages) total += (connection.deflate(message) ?? message).length;
    connection.release();
    return total;
  }

  describe.each([
    ['alone', false],
    ['with those before remembered', true],
  ])('%s', (_, isTakeover) => {
    it.each([175, 190, 200, 225, 256, 300, 400, 700, 1024, 4096, 16_384])(
      '%i bytes of JSON at level default, beside zlib at level 1',
      (length) => {
        const messages = messagesOf('json', length);
        const times = ourLength(messages, isTakeover, 'default') / zlibLength(messages, isTakeover, 1);
        expect(times).toBeLessThanOrEqual(BARS[kernel].default);
      },
    );

    describe.each(TEXT_CORPORA)('%s', (corpus) => {
      it.each([60, 175, 400, 1024, 4096, 16_384])('%i bytes at level smallest, beside zlib at level 6', (length) => {
        const messages = messagesOf(corpus, length);
        const ours = ourLength(messages, isTakeover, 'smallest');
        expect(ours / zlibLength(messages, isTakeover, 6)).toBeLessThanOrEqual(BARS[kernel].smallest);
        expect(ours / ourLength(messages, isTakeover, 'default')).toBeLessThanOrEqual(BARS.wasm.smallest);
      });
    });
  });
});
