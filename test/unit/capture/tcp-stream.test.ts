// src/capture/tcp-stream.ts: segments in any order → bytes in order, each once.

import { describe, expect, it } from 'vitest';
import { type StreamCounts, TcpStream } from '../../../src/capture/tcp-stream.js';
import { createRandom, randomBytes } from '../../support/inputs/random.js';

function collect(start: number) {
  const told: (string | number)[] = [];
  const counts: StreamCounts = { retransmitted: 0, outOfOrder: 0, outOfWindow: 0 };
  const stream = new TcpStream(
    start,
    { data: (bytes) => told.push(Buffer.from(bytes).toString('latin1')), gap: (length) => told.push(length) },
    counts,
  );
  const push = (offset: number, text: string, fin = false) =>
    stream.push((start + offset) >>> 0, Buffer.from(text, 'latin1'), fin, 0n);
  return { stream, told, counts, push, acknowledge: (offset: number) => stream.acknowledge((start + offset) >>> 0) };
}

describe('TcpStream', () => {
  it('puts segments in order, and drops what came before', () => {
    const { told, push, counts } = collect(0);
    push(0, 'ab');
    push(4, 'ef');
    push(6, 'gh');
    push(0, 'ab');
    push(1, 'bcd');
    push(7, 'hi');
    expect(told).toEqual(['ab', 'cd', 'ef', 'gh', 'i']);
    expect(counts).toEqual({ retransmitted: 1, outOfOrder: 2, outOfWindow: 0 });
  });

  it('goes on where sequence numbers begin anew', () => {
    const { told, push } = collect(0xfffffffe);
    push(3, 'd');
    push(0, 'abc');
    push(4, 'e');
    expect(told).toEqual(['abc', 'd', 'e']);
  });

  it('ends with the bytes before the FIN', () => {
    const { stream, push } = collect(0);
    push(2, 'cd', true);
    expect(stream.hasEnded).toBe(false);
    push(0, 'ab');
    expect(stream.hasEnded).toBe(true);
  });

  it('tells of holes once the receiver has acknowledged them for long, or no more comes', () => {
    const acknowledged = collect(0);
    acknowledged.push(0, 'ab');
    acknowledged.push(5, 'f');
    for (let i = 0; i < 32; i++) acknowledged.acknowledge(6);
    expect(acknowledged.told).toEqual(['ab']);
    acknowledged.acknowledge(6);
    expect(acknowledged.told).toEqual(['ab', 3, 'f']);

    const flushed = collect(0);
    flushed.push(2, 'c');
    flushed.push(9, 'j');
    for (let i = 0; i < 100; i++) flushed.acknowledge(1);
    expect(flushed.told).toEqual([]);
    flushed.stream.flush();
    expect(flushed.told).toEqual([2, 'c', 6, 'j']);
  });

  it('keeps no more than 16 MiB waiting', () => {
    const { told, push } = collect(0);
    const segment = 'x'.repeat(65_536);
    for (let i = 0; i < 257; i++) push(1 + i * segment.length, segment);
    expect(told[0]).toBe(1);
    expect(told.length).toBe(258);
  });

  it('takes nothing that is out of any window', () => {
    const { told, push, counts } = collect(5);
    push(0, 'a');
    push(2 ** 30 + 2, 'z');
    expect({ told, outOfWindow: counts.outOfWindow }).toEqual({ told: ['a'], outOfWindow: 1 });
  });

  it('gives the same whatever is repeated, cut anew and in another order', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const bytes = randomBytes(2000, seed);
      const random = createRandom(seed);
      const next = (limit: number) => random() % limit;
      const segments: [number, number][] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + next(100));
        segments.push([at, end]);
        if (next(3) === 0) segments.push([Math.max(0, at - next(150)), Math.min(bytes.length, end + next(150))]);
        at = end;
      }
      for (let i = segments.length - 1; i > 0; i--) {
        const j = Math.max(0, i - next(12));
        [segments[i], segments[j]] = [segments[j]!, segments[i]!];
      }
      const parts: Uint8Array[] = [];
      const start = 0xffffff00;
      const stream = new TcpStream(
        start,
        { data: (part) => parts.push(part), gap: () => expect.unreachable('there is no hole') },
        { retransmitted: 0, outOfOrder: 0, outOfWindow: 0 },
      );
      for (const [from, to] of segments) stream.push((start + from) >>> 0, bytes.subarray(from, to), false, 0n);
      expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    }
  });
});
