// The conformance suite of RFC 7692: every vector of test/spec/vectors-deflate, on both kernels, in every cut. Its figures
// are printed at the end; it skips nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { constants, inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../../src/deflate/index.js';
import { parseExtensions } from '../../src/handshake/index.js';
import { Connection, MessageDecoder } from '../../src/index.js';
import { concat } from '../support/frames/wire.js';
import { AUTOBAHN_COMPRESSION_CASES } from './replay/autobahn-cases.js';
import { Counts } from './replay/counts.js';
import { readVector, splitVectors } from './replay/format.js';
import { PeerDeflater } from './replay/peer-deflater.js';
import { replayCompressed } from './replay/replay-compressed.js';

const folder = new URL('vectors-deflate/', import.meta.url);
const KERNELS = ['wasm', 'portable'] as const;
const implementation = { Connection, MessageDecoder, PerMessageDeflate, parseExtensions };
const files = readdirSync(folder)
  .sort()
  .map((name) => ({ name, vectors: splitVectors(readFileSync(new URL(name, folder), 'utf8')) }));
const counts = new Counts(KERNELS);

for (const { name, vectors } of files) {
  describe(name, () => {
    it.each(vectors.map((vector) => [vector.title, vector] as const))('%s', (_, source) => {
      const vector = readVector(source);
      counts.add(vector.section, replayCompressed(implementation, vector, KERNELS));
    });
  });
}

describe('the suite', () => {
  const all = files.flatMap(({ vectors }) => vectors);

  it('has a vector for each case of Autobahn with compression', () => {
    const named = all.flatMap(({ autobahn }) => autobahn);
    expect(AUTOBAHN_COMPRESSION_CASES).toHaveLength(216);
    expect([...named].sort()).toEqual([...AUTOBAHN_COMPRESSION_CASES].sort());
  });

  it('gives each vector a name of its own', () => {
    const titles = all.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('the peer that deflates', () => {
  it('is one that zlib understands, within the window', () => {
    const words = Array.from({ length: 3000 }, (_, i) => `${i % 17} word ${(i * i) % 91}`).join(' ');
    for (const bits of [8, 9, 12, 15]) {
      for (const takeover of [true, false]) {
        const deflater = new PeerDeflater(bits, takeover);
        let history = new Uint8Array(0);
        for (const text of ['', 'a', 'aaaaaaaaaaaa', words, words, '\xff'.repeat(1000), 'a'.repeat(70_000)]) {
          const message = Uint8Array.from(Buffer.from(text, 'latin1'));
          const stream = concat(deflater.deflate(message), [0, 0, 0xff, 0xff] as never);
          const inflated = inflateRawSync(stream, {
            windowBits: Math.max(bits, 8),
            finishFlush: constants.Z_SYNC_FLUSH,
            ...(history.length > 0 ? { dictionary: history } : {}),
          });
          expect(Buffer.compare(inflated, message)).toBe(0);
          if (takeover) history = concat(history, message).slice(-(2 ** bits));
        }
      }
    }
  });
});

afterAll(() => counts.print(files.reduce((sum, { vectors }) => sum + vectors.length, 0)));
