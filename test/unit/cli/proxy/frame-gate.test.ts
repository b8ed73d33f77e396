// The place of a relay among its frames: whatever the cuts, what passes is what came, and faults fall between frames.

import { describe, expect, it } from 'vitest';
import { FrameGate } from '../../../../src/cli/proxy/frame-gate.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { createRandom } from '../../../support/inputs/random.js';

const client = new Peer('server');

/** Frames of all lengths of header, some of them empty. */
const FRAMES = [0, 1, 125, 126, 65_535, 65_536, 0, 7].map((length) =>
  Buffer.from(stream(client.binary(Buffer.alloc(length, length)))),
);
const BYTES = Buffer.concat(FRAMES);
const INJECTED = Buffer.from(stream(client.text('injected')));

function gate(dropEvery?: number) {
  const passed: Uint8Array[] = [];
  const held: Uint8Array[] = [];
  const dropped: number[] = [];
  const sink = {
    pass: (bytes: Uint8Array) => void passed.push(bytes.slice()),
    held: (frame: Uint8Array) => void held.push(frame),
    dropped: (length: number) => void dropped.push(length),
  };
  return { gate: new FrameGate(sink, dropEvery), passed: () => Buffer.concat(passed), chunks: passed, held, dropped };
}

/** The bytes in chunks of random lengths, of which every other run is short. */
function* cutRandomly(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = createRandom(seed);
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + (random() % (random() % 2 === 0 ? 4 : 40_000));
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const without = (...indexes: number[]) => Buffer.concat(FRAMES.filter((_, i) => !indexes.includes(i)));

describe('a gate', () => {
  it('passes each chunk as it is where nothing was asked for', () => {
    const { gate: it, chunks } = gate();
    const given = [...cutRandomly(BYTES, 1)];
    for (const chunk of given) it.push(chunk);
    expect(chunks.map(({ length }) => length)).toEqual(given.map(({ length }) => length));
    expect(Buffer.concat(chunks).equals(BYTES)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('injects between two frames only (seed %d)', (seed) => {
    const { gate: it, passed } = gate();
    const random = createRandom(seed);
    let count = 0;
    for (const chunk of cutRandomly(BYTES, seed)) {
      if (random() % 3 === 0) {
        it.inject(INJECTED);
        count++;
      }
      it.push(chunk);
    }
    // Without the injected frames, the rest is what was sent; with them, it is frames only.
    const all = passed();
    const rest: Buffer[] = [];
    let found = 0;
    let start = 0;
    for (let at = all.indexOf(INJECTED); at !== -1; at = all.indexOf(INJECTED, start)) {
      rest.push(all.subarray(start, at));
      start = at + INJECTED.length;
      found++;
    }
    rest.push(all.subarray(start));
    expect(Buffer.concat(rest).equals(BYTES)).toBe(true);
    expect(found).toBe(count);
    const lengths = FRAMES.map((frame) => frame.length);
    const ends = new Set([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, n) => sum + n, 0))]);
    let place = 0;
    for (const part of rest.slice(0, -1)) {
      place += part.length;
      expect(ends.has(place)).toBe(true);
    }
  });

  it.each([1, 2, 3])('drops every third frame whole (seed %d)', (seed) => {
    const { gate: it, passed, dropped } = gate(3);
    for (const chunk of cutRandomly(BYTES, seed)) it.push(chunk);
    expect(passed().equals(without(2, 5))).toBe(true);
    expect(dropped).toEqual([FRAMES[2]!.length, FRAMES[5]!.length]);
  });

  it.each([1, 2, 3])('holds the next frame and all behind it, until it is released (seed %d)', (seed) => {
    for (const [replacement, expected] of [
      [FRAMES[1], BYTES],
      [undefined, without(1)],
      [INJECTED, Buffer.concat([FRAMES[0]!, INJECTED, ...FRAMES.slice(2)])],
    ] as const) {
      const { gate: it, passed, held } = gate();
      const [first, second] = FRAMES;
      it.push(BYTES.subarray(0, 3));
      it.hold();
      for (const chunk of cutRandomly(BYTES.subarray(3), seed)) it.push(chunk);
      expect(it.isWaiting).toBe(true);
      expect(held.map((frame) => second!.equals(frame))).toEqual([true]);
      expect(passed().equals(first!)).toBe(true);
      it.release(replacement);
      expect(it.isWaiting).toBe(false);
      expect(passed().equals(expected)).toBe(true);
    }
  });

  it('a second hold holds the frame behind the first', () => {
    const { gate: it, held } = gate();
    it.hold();
    it.push(BYTES);
    it.hold();
    it.release(undefined);
    expect(held.map((frame, i) => FRAMES[i]!.equals(frame))).toEqual([true, true]);
  });
});
