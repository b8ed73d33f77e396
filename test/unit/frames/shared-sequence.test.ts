// src/frames/shared-sequence.ts: prepared frames that many connections have in the same order are joined once.

import { afterEach, describe, expect, it } from 'vitest';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { FrameWriter } from '../../../src/frames/frame-writer.js';
import { SharedSequence } from '../../../src/frames/shared-sequence.js';
import { concat, hex, TEXT } from '../../support/frames/wire.js';

const encoder = new FrameEncoder({ role: 'server' });
const [A, B, C] = ['first', 'second', 'third'].map((text) => encoder.encodeText(text)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function share(writer: FrameWriter, ...frames: readonly Uint8Array[]): FrameWriter {
  for (const frame of frames) writer.writeEncoded(frame, true);
  return writer;
}
const newWriter = () => new FrameWriter(encoder);
const hexOf = (segments: readonly Uint8Array[]) => hex(concat(...segments));

afterEach(() => SharedSequence.forget());

describe('prepared frames that wait', () => {
  it('leave in one segment, the same for all writers that have the same ones', () => {
    const writers = [newWriter(), newWriter(), newWriter()];
    // One behind the other, as publishes come.
    for (const frame of [A, B, C]) for (const writer of writers) share(writer, frame);
    const taken = writers.map((writer) => writer.takeSegments());
    for (const segments of taken) {
      expect(segments).toHaveLength(1);
      expect(segments[0]).toBe(taken[0]![0]);
      expect(hexOf(segments)).toBe(hex(concat(A, B, C)));
    }
    expect(hexOf(share(newWriter(), A, B, C).takeSegments())).toBe(hex(concat(A, B, C)));
  });

  it('leave as they are if there is one', () => {
    expect(share(newWriter(), A).takeSegments()[0]).toBe(A);
  });

  it('keep their order and their count in writers that have other ones too', () => {
    const joined = share(newWriter(), B, C);
    const behind = newWriter();
    behind.write(TEXT, 'own');
    share(behind, A, B);
    const before = share(newWriter(), A, B);
    before.write(TEXT, 'own');
    share(before, C);
    const own = encoder.encodeText('own');
    for (const [writer, expected] of [
      [joined, [B, C]],
      [behind, [own, A, B]],
      [before, [A, B, own, C]],
      [share(newWriter(), A, C), [A, C]],
      [share(newWriter(), A, A, A), [A, A, A]],
    ] as const) {
      expect(writer.length).toBe(concat(...expected).length);
      const segments = writer.takeSegments();
      expect(segments).toHaveLength(1);
      expect(hexOf(segments)).toBe(hex(concat(...expected)));
      expect(writer.length).toBe(0);
      expect(writer.takeSegments()).toEqual([]);
    }
  });

  it('never change once they are joined', () => {
    const writer = share(newWriter(), A, B);
    const [segment] = writer.takeSegments();
    FrameWriter.release(segment!);
    const others = Array.from({ length: 20 }, () => {
      const other = share(newWriter(), A, B);
      other.write(TEXT, 'x'.repeat(300));
      return other.takeSegments();
    });
    expect(others.flat()).not.toContain(segment);
    expect(hex(segment!)).toBe(hex(concat(A, B)));
  });

  it('are a copy of the caller where one buffer is taken', () => {
    const bytes = share(newWriter(), A, B).take();
    bytes.fill(0);
    expect(hexOf(share(newWriter(), A, B).takeSegments())).toBe(hex(concat(A, B)));
    const one = share(newWriter(), A).take();
    one.fill(0);
    expect(hex(A)).toBe(hex(encoder.encodeText('first')));
  });

  it('are joined up to 64 KiB, and long ones not at all', () => {
    const frames = Array.from({ length: 100 }, (_, i) => encoder.encodeBinary(new Uint8Array(2000).fill(i)));
    const long = encoder.encodeBinary(new Uint8Array(5000).fill(200));
    const segments = share(newWriter(), ...frames, long, A, B).takeSegments();
    expect(hexOf(segments)).toBe(hex(concat(...frames, long, A, B)));
    expect(Math.max(...segments.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024);
    expect(segments).toHaveLength(6);
    expect(segments).toContain(long);
  });

  it('are right in any mixture, of more sequences than are kept', () => {
    const frames = Array.from({ length: 20 }, (_, i) => encoder.encodeText(`frame ${i}`));
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const writers = Array.from({ length: 200 }, () => ({ writer: newWriter(), sent: [] as Uint8Array[] }));
    for (let round = 0; round < 20; round++) {
      const frame = frames[random(20)]!;
      for (const { writer, sent } of writers) {
        const mine = random(4) === 0 ? frames[random(20)]! : frame;
        if (random(20) === 0) writer.write(TEXT, `own ${round}`);
        else writer.writeEncoded(mine, true);
        sent.push(writer.length === concat(...sent, mine).length ? mine : encoder.encodeText(`own ${round}`));
      }
    }
    for (const { writer, sent } of writers) expect(hexOf(writer.takeSegments())).toBe(hex(concat(...sent)));
  });
});
