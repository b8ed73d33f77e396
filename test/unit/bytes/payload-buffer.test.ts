// src/bytes/payload-buffer.ts: it grows with what came, not with what is claimed.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadBuffer } from '../../../src/bytes/payload-buffer.js';
import { concat } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';

describe('PayloadBuffer', () => {
  it('gives back what was added, in order', () => {
    const piece = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(fc.array(piece), fc.nat(10_000), (pieces, expected) => {
        const buffer = new PayloadBuffer();
        for (const bytes of pieces) buffer.append(bytes, 0, bytes.length, expected);
        expect(buffer.length).toBe(concat(...pieces).length);
        expect(Uint8Array.from(buffer.take())).toEqual(concat(...pieces));
        expect(buffer.length).toBe(0);
      }),
    );
  });

  it('takes a part of the source', () => {
    const source = randomBytes(300, 1);
    const buffer = new PayloadBuffer();
    buffer.append(source, 10, 12, 0);
    buffer.append(source, 100, 250, 0);
    expect(Uint8Array.from(buffer.take())).toEqual(concat(source.subarray(10, 12), source.subarray(100, 250)));
  });

  it('takes no memory for what is only claimed', () => {
    const before = process.memoryUsage().arrayBuffers;
    const buffers = Array.from({ length: 2000 }, () => {
      const buffer = new PayloadBuffer();
      buffer.append(Uint8Array.of(1, 2), 0, 2, 2 ** 40);
      return buffer;
    });
    expect((process.memoryUsage().arrayBuffers - before) / buffers.length).toBeLessThan(512);
    for (const buffer of buffers) expect([...buffer.take()]).toEqual([1, 2]);
  });

  it('holds at most twenty times what came, or a part of the common pool', () => {
    const poolLength = Buffer.allocUnsafe(1).buffer.byteLength;
    for (const expected of [0, 1000, 65536, 2 ** 20, 2 ** 50]) {
      const piece = new Uint8Array(1000);
      for (let count = 1; count < 60; count++) {
        const buffer = new PayloadBuffer();
        for (let i = 0; i < count; i++) buffer.append(piece, 0, piece.length, expected);
        const { capacity, length } = buffer;
        expect(capacity).toBeLessThanOrEqual(20 * length);
        expect([capacity, poolLength]).toContain(buffer.take().buffer.byteLength);
      }
    }
  });

  it('grows to the announced length and not beyond it, so that nothing is copied at the end', () => {
    const buffer = new PayloadBuffer();
    const payload = randomBytes(100_000, 2);
    for (let from = 0; from < payload.length; from += 10_000) {
      buffer.append(payload, from, from + 10_000, payload.length);
    }
    const bytes = buffer.take();
    expect(bytes.buffer.byteLength).toBe(payload.length);
    expect(Buffer.compare(bytes, payload)).toBe(0);
  });

  it('grows by doubling where each piece claims a little more than is there, as the fragments of a message do', () => {
    const half = randomBytes(500, 3);
    const buffer = new PayloadBuffer();
    const capacities = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      // Each fragment of 1000 bytes comes in two chunks.
      buffer.append(half, 0, 500, buffer.length + (i % 2 === 0 ? 1000 : 500));
      capacities.add(buffer.capacity);
    }
    expect(capacities.size).toBeLessThan(15);
    expect(buffer.capacity).toBeLessThanOrEqual(2 * buffer.length);
    expect(buffer.take()).toHaveLength(1_000_000);
  });

  it('is empty, and independent of what it gave, after take()', () => {
    const buffer = new PayloadBuffer();
    buffer.append(Uint8Array.of(1), 0, 1, 0);
    const first = buffer.take();
    buffer.append(Uint8Array.of(2), 0, 1, 0);
    expect([...first]).toEqual([1]);
    expect([...buffer.take()]).toEqual([2]);
    expect(buffer.take().length).toBe(0);
  });
});
