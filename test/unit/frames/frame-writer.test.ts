// src/frames/frame-writer.ts: frames that wait, gathered or passed on by reference, and the buffers that writers share.

import { beforeEach, describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { FrameWriter } from '../../../src/frames/frame-writer.js';
import { BINARY, bytesOf, concat, hex, PING, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';

const encoder = new FrameEncoder({ role: 'server' });

function newWriter(): FrameWriter {
  return new FrameWriter(encoder);
}

/** The length of the buffers that writers share. */
function sharedLength(): number {
  const writer = newWriter();
  writer.write(PING, '');
  return writer.take().buffer.byteLength;
}

function payloadsOf(bytes: Uint8Array, role: 'client' | 'server' = 'client'): string[] {
  const { frames, error } = new FrameDecoder({ role }).decodeFrames(bytes);
  if (error !== undefined) throw error;
  return frames.map((frame) => hex(frame.payload));
}

/** Whatever other tests left in the pool is taken out, so that each test begins with fresh buffers. */
function drainPool(): void {
  for (let i = 0; i < 20; i++) {
    const writer = newWriter();
    writer.write(PING, '');
    writer.take();
  }
}

beforeEach(drainPool);

describe('FrameWriter', () => {
  it('gathers frames, and gives them away in one piece', () => {
    const writer = newWriter();
    writer.write(TEXT, 'one');
    writer.write(BINARY, Uint8Array.of(2), { fin: false });
    writer.writeEncoded(encoder.encodePing('3'), false);
    expect(writer.length).toBe(5 + 3 + 3);
    const bytes = writer.take();
    expect([...bytes]).toEqual([0x81, 3, 0x6f, 0x6e, 0x65, 0x02, 1, 2, 0x89, 1, 0x33]);
    expect(writer.length).toBe(0);
    expect(writer.take()).toHaveLength(0);
  });

  it('masks as a client, each frame with a key of its own', () => {
    const writer = new FrameWriter(new FrameEncoder({ role: 'client' }));
    for (let i = 0; i < 100; i++) writer.write(TEXT, `message ${i}`);
    const { frames } = new FrameDecoder({ role: 'server' }).decodeFrames(writer.take());
    expect(frames.map((frame) => Buffer.from(frame.payload).toString())).toEqual(
      Array.from({ length: 100 }, (_, i) => `message ${i}`),
    );
    expect(new Set(frames.map((frame) => hex(frame.maskingKey!))).size).toBe(100);
  });

  it('grows over the length of a pooled buffer, and keeps what was there', () => {
    for (const size of [1, 100, 16_382, 16_384, 20_000, 32_768, 65_500, 65_536, 70_000, 200_000]) {
      const writer = newWriter();
      const payloads = [randomBytes(10, 1), randomBytes(size, 2), randomBytes(size, 3), randomBytes(size, 4)];
      for (const payload of payloads) writer.write(BINARY, payload);
      expect(payloadsOf(writer.take())).toEqual(payloads.map(hex));
    }
  });

  it('grows for frames that are framed already', () => {
    const writer = newWriter();
    const frame = encoder.encodeBinary(randomBytes(50_000, 5));
    writer.write(TEXT, 'before');
    for (let i = 0; i < 5; i++) writer.writeEncoded(frame, false);
    expect(Buffer.compare(writer.take(), concat(encoder.encodeText('before'), frame, frame, frame, frame, frame))).toBe(
      0,
    );
  });

  it('takes strings that fill its buffer to the byte', () => {
    for (let rest = 0; rest < 40; rest++) {
      const writer = newWriter();
      const first = 'a'.repeat(sharedLength() - 4 - rest);
      writer.write(TEXT, first);
      writer.write(TEXT, 'é€🙂');
      expect(payloadsOf(writer.take())).toEqual([hex(bytesOf(first)), hex(bytesOf('é€🙂'))]);
    }
  });

  it('is as it was after a frame that could not be written', () => {
    const writer = newWriter();
    writer.write(TEXT, 'good');
    expect(() => writer.write(PING, 'x'.repeat(126))).toThrow(
      expect.objectContaining({ code: 'WSIMD_CONTROL_PAYLOAD' }),
    );
    expect(() => writer.write(TEXT, undefined as never)).toThrow();
    expect(writer.length).toBe(6);
    writer.write(TEXT, 'good too');
    expect(payloadsOf(writer.take())).toEqual([hex(bytesOf('good')), hex(bytesOf('good too'))]);
  });
});

describe('what is passed on by reference', () => {
  const long = randomBytes(1000, 6);
  const frame = encoder.encodeText('prepared'.repeat(1000));

  /** Gathered frames, a payload, a long prepared frame, and gathered frames again. */
  function fill(writer: FrameWriter): Uint8Array {
    writer.write(TEXT, 'before');
    writer.writeByReference(BINARY, long);
    writer.writeEncoded(frame, true);
    writer.write(TEXT, 'behind');
    const expected = concat(
      ...[encoder.encodeText('before'), encoder.encodeBinary(long), frame, encoder.encodeText('behind')],
    );
    expect(writer.length).toBe(expected.length);
    return expected;
  }

  it('leaves in its place, as it lies', () => {
    const writer = newWriter();
    const expected = fill(writer);
    const segments = writer.takeSegments();
    expect(writer.length).toBe(0);
    expect(writer.takeSegments()).toEqual([]);
    expect(segments).toHaveLength(4);
    expect([segments[1] === long, segments[2] === frame]).toEqual([true, true]);
    expect(Buffer.compare(concat(...segments), expected)).toBe(0);
  });

  it('is copied by a transport that takes one buffer, which is its own', () => {
    const writer = newWriter();
    const expected = fill(writer);
    const bytes = writer.take();
    expect(writer.length).toBe(0);
    expect(writer.take()).toHaveLength(0);
    for (const other of ['x', 'y', 'z']) fill(newWriter()).fill(other.charCodeAt(0));
    expect(Buffer.compare(bytes, expected)).toBe(0);
    expect(bytes.buffer).not.toBe(long.buffer);
  });

  it('is never written over when it is given back, and the slabs beside it are used again', () => {
    const writer = newWriter();
    fill(writer);
    const segments = writer.takeSegments();
    for (const segment of segments) FrameWriter.release(segment);
    for (const segment of segments) FrameWriter.release(segment);
    const before = [hex(long), hex(frame)];
    const writers = Array.from({ length: 5 }, newWriter);
    for (const other of writers) other.write(TEXT, 'other');
    const taken = writers.map((other) => other.take().buffer);
    expect(new Set(taken).size).toBe(5);
    expect(taken).toEqual(expect.arrayContaining([segments[0]!.buffer, segments[3]!.buffer]));
    expect([hex(long), hex(frame)]).toEqual(before);
  });

  it('stays as it is where gathered frames are copied to their own length, and their slabs are free at once', () => {
    const writer = newWriter();
    const expected = fill(writer);
    const segments = writer.takeSegments(undefined, true);
    expect([segments[1] === long, segments[2] === frame]).toEqual([true, true]);
    const others = Array.from({ length: 5 }, newWriter);
    for (const other of others) other.write(TEXT, 'x'.repeat(100));
    expect(Buffer.compare(concat(...segments), expected)).toBe(0);
    expect(segments[0]!.buffer.byteLength).toBe(segments[0]!.length);
  });
});

describe('the buffers that writers share', () => {
  it('are not written to until they are given back', () => {
    const taken = Array.from({ length: 30 }, (_, i) => {
      const writer = newWriter();
      writer.write(BINARY, new Uint8Array(1000).fill(i));
      return writer.take();
    });
    expect(new Set(taken.map((bytes) => bytes.buffer)).size).toBe(30);
    for (const [i, bytes] of taken.entries()) {
      expect(bytes.subarray(4).every((byte) => byte === i)).toBe(true);
    }
  });

  it('are used again once they are given back', () => {
    const writer = newWriter();
    writer.write(TEXT, 'first');
    const bytes = writer.take();
    FrameWriter.release(bytes);
    const other = newWriter();
    other.write(TEXT, 'second');
    expect(other.take().buffer).toBe(bytes.buffer);
  });

  it('are not two at once in two writers, in whatever order they are given back', () => {
    const writers = Array.from({ length: 20 }, newWriter);
    for (let round = 0; round < 50; round++) {
      for (const [i, writer] of writers.entries()) writer.write(BINARY, new Uint8Array(500).fill(i));
      const buffers = writers.map((writer) => writer.take());
      expect(new Set(buffers.map((bytes) => bytes.buffer)).size).toBe(writers.length);
      for (const [i, bytes] of buffers.entries()) expect(payloadsOf(bytes)).toEqual([hex(new Uint8Array(500).fill(i))]);
      for (const [i, bytes] of buffers.entries()) if ((i + round) % 3 !== 0) FrameWriter.release(bytes);
    }
  });

  it('are not shared by two writers when one is given back twice', () => {
    const writer = newWriter();
    writer.write(TEXT, 'x');
    const bytes = writer.take();
    FrameWriter.release(bytes);
    FrameWriter.release(bytes);
    const [one, two] = [newWriter(), newWriter()];
    one.write(TEXT, 'for one');
    two.write(TEXT, 'for two');
    expect(payloadsOf(one.take())).toEqual([hex(bytesOf('for one'))]);
    expect(payloadsOf(two.take())).toEqual([hex(bytesOf('for two'))]);
  });

  it('are not taken back twice', () => {
    const [first, second] = [newWriter(), newWriter()];
    first.write(TEXT, 'x');
    const old = first.take();
    FrameWriter.release(old);
    second.write(TEXT, 'on its way');
    const bytes = second.take();
    expect(bytes.buffer).toBe(old.buffer);
    FrameWriter.release(old);
    const third = newWriter();
    third.write(TEXT, 'must not lie over it');
    expect(payloadsOf(bytes)).toEqual([hex(bytesOf('on its way'))]);
  });

  it('are not given back by a writer that has outgrown one which somebody else gives back too', () => {
    const [one, two] = [newWriter(), newWriter()];
    one.write(TEXT, 'small');
    one.write(BINARY, randomBytes(sharedLength(), 1));
    const big = one.take();
    two.write(TEXT, 'two');
    const bytes = two.take();
    expect(bytes.buffer).not.toBe(big.buffer);
    expect(payloadsOf(big)).toHaveLength(2);
  });

  it('are given back and outgrown in any order without mixing', () => {
    const writers = Array.from({ length: 6 }, newWriter);
    for (let round = 0; round < 100; round++) {
      const sizes = writers.map((_, i) => (i * 7919 + round * 104_729) % 90_000);
      for (const [i, writer] of writers.entries()) {
        writer.write(TEXT, `writer ${i}`);
        writer.write(BINARY, new Uint8Array(sizes[i]!).fill(i));
      }
      const taken = writers.map((writer) => writer.take());
      for (const [i, bytes] of taken.entries()) {
        const [text, data] = new FrameDecoder({ role: 'client' }).decodeFrames(bytes).frames;
        expect(Buffer.from(text!.payload).toString()).toBe(`writer ${i}`);
        expect(data!.payload.length === sizes[i] && data!.payload.every((byte) => byte === i)).toBe(true);
      }
      for (const bytes of taken) FrameWriter.release(bytes);
    }
  });

  it.each([
    ['an empty one', () => new Uint8Array(0)],
    ['a short one', () => new Uint8Array(100)],
    ['a long one', () => new Uint8Array(1024 * 1024)],
    ['a part that does not begin at the start', () => new Uint8Array(new ArrayBuffer(sharedLength()), 8)],
    ['one of the length that is pooled', () => new Uint8Array(sharedLength())],
    ['a chunk of a socket', () => new Uint8Array(65536)],
    ['a buffer of 16 KiB', () => new Uint8Array(16 * 1024)],
  ])('are only their own: %s from elsewhere is never written to', (_name, make) => {
    const foreign = make().fill(0xcc);
    FrameWriter.release(foreign);
    for (let i = 0; i < 20; i++) {
      const writer = newWriter();
      writer.write(TEXT, 'ours');
      expect(payloadsOf(writer.take())).toEqual([hex(bytesOf('ours'))]);
    }
    expect(foreign.every((byte) => byte === 0xcc)).toBe(true);
  });

  it('are dropped when they have been transferred away', () => {
    const writer = newWriter();
    writer.write(TEXT, 'to a worker');
    const bytes = writer.take();
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    FrameWriter.release(bytes);
    const other = newWriter();
    other.write(TEXT, 'after');
    expect(payloadsOf(other.take())).toEqual([hex(bytesOf('after'))]);
  });

  it.each([
    [20, 4096],
    [1500, 1024],
    [100_000, 16],
  ])('are kept up to 2 MiB a length: of frames of %i bytes, %i', (length, most) => {
    const payload = new Uint8Array(length);
    const take = () => {
      const writer = newWriter();
      writer.write(BINARY, payload);
      return writer.take();
    };
    const taken = Array.from({ length: most + 50 }, take);
    for (const bytes of taken) FrameWriter.release(bytes);
    const known = new Set(taken.map((bytes) => bytes.buffer));
    expect(Array.from({ length: most + 50 }, take).filter((bytes) => known.has(bytes.buffer)).length).toBe(most);
  });

  it.each([1, 500, 600, 2000, 3000, 8000, 9000, 32_000, 40_000, 130_000])(
    'hold little more than what is in them: %i bytes in at most four times as many, or 512',
    (length) => {
      const writer = newWriter();
      writer.write(BINARY, new Uint8Array(length));
      expect(writer.take().buffer.byteLength).toBeLessThanOrEqual(Math.max(512, 4 * (length + 14)));
    },
  );

  it('are not taken for a short string, whose length in bytes is known to be at most three times its units', () => {
    const writer = newWriter();
    writer.write(TEXT, 'x'.repeat(400));
    expect(writer.take().buffer.byteLength).toBe(512);
  });
});
