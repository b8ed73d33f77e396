// The ring between the relay and the watching thread, both ends in one thread.

import { describe, expect, it } from 'vitest';
import { createRingMemory, RingReader, type RingRecord, RingWriter } from '../../../../src/cli/proxy/watch/ring.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';

function makeRing(length: number): { writer: RingWriter; reader: RingReader } {
  const memory = createRingMemory(length);
  return { writer: new RingWriter(memory), reader: new RingReader(memory) };
}

function expectSame({ bytes, ...record }: RingRecord, { bytes: otherBytes, ...other }: RingRecord): void {
  expect(record).toEqual(other);
  expect(Buffer.compare(bytes, otherBytes)).toBe(0);
}

describe('a ring', () => {
  it('hands out every record that it took, in order and byte for byte, however often it wraps', () => {
    const { writer, reader } = makeRing(4096);
    const random = createRandom(7);
    const taken: RingRecord[] = [];
    let [refused, read] = [0, 0];
    for (let i = 0; i < 6_000; i++) {
      if (random() % 2 === 0) {
        const bytes = randomBytes(random() % (random() % 8 === 0 ? 1500 : 40), i);
        const record = { kind: 1 + (random() % 2), connection: i, direction: random() % 2, time: i * 1e6 + 0.5, bytes };
        if (writer.write(record.kind, record.connection, record.direction, record.time, bytes)) taken.push(record);
        else refused++;
      } else {
        const record = reader.read();
        if (record === undefined) expect(read).toBe(taken.length);
        else expectSame(record, taken[read++]!);
      }
    }
    for (let record = reader.read(); record !== undefined; record = reader.read()) {
      expectSame(record, taken[read++]!);
    }
    expect(read).toBe(taken.length);
    expect(read).toBeGreaterThan(1500);
    expect(refused).toBeGreaterThan(0);
  });

  it('refuses what has no room, and counts it all the same', () => {
    const { writer, reader } = makeRing(1024);
    const before = reader.count;
    expect(writer.write(1, 1, 0, 0, new Uint8Array(900))).toBe(true);
    expect(writer.write(1, 1, 0, 0, new Uint8Array(200))).toBe(false);
    expect(reader.count - before).toBe(2);
    reader.read();
    expect(writer.usedLength).toBe(0);
    expect(writer.write(1, 1, 0, 0, new Uint8Array(200))).toBe(true);
  });

  it('begins again at its beginning once it is empty, so that little traffic uses little of its memory', () => {
    const length = 1024 * 1024;
    const memory = createRingMemory(length);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const chunk = new Uint8Array(1000).fill(7);
    for (let i = 0; i < 5000; i++) {
      expect(writer.write(1, i, 0, 0, chunk)).toBe(true);
      if (i % 3 === 0) continue;
      for (let record = reader.read(); record !== undefined; record = reader.read()) {
        if (!record.bytes.every((byte) => byte === 7)) throw new Error(`record ${record.connection} is damaged`);
      }
    }
    const used = new Uint8Array(memory).lastIndexOf(7);
    expect(used).toBeLessThan(100_000);
    // A record as long as half of the ring still fits, wherever the ring stands.
    expect(writer.write(1, 0, 0, 0, new Uint8Array(length / 2))).toBe(true);
  });

  it('keeps what is written while its memory is provided', () => {
    const { writer, reader } = makeRing(64 * 1024);
    const bytes = randomBytes(20_000, 3);
    writer.write(1, 9, 1, 5, bytes);
    let calls = 0;
    for (let next: number | undefined = 0; next !== undefined; next = reader.provide(next, 8192)) calls++;
    expect(calls).toBe(8);
    expectSame(reader.read()!, { kind: 1, connection: 9, direction: 1, time: 5, bytes });
  });

  it('is not slept on while a record waits, and a sleeping reader is woken once', () => {
    const { writer, reader } = makeRing(1024);
    writer.write(1, 1, 0, 0, new Uint8Array(8));
    expect(reader.sleep()).toBe(false);
    expect(writer.takeSleep()).toBe(false);
    reader.read();
    expect(reader.sleep()).toBe(true);
    expect(writer.takeSleep()).toBe(true);
    expect(writer.takeSleep()).toBe(false);
  });
});
