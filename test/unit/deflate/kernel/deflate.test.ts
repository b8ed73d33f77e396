// deflate() of every kernel: what it puts out inflates to what went in, under zlib and under a strict reader, for every kind
// of message, length, level, window and hash, with and without takeover; and it leaves alone what is not its own.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  DEFLATE_LAST,
  DEFLATE_OUTPUT_CAPACITY,
  DEFLATE_WORK_PTR,
  INPUT_CAPACITY,
  INPUT_PTR,
  LEVEL_DEFAULT,
  LEVEL_FASTEST,
  OUTPUT_PTR,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import { CORPORA, messageOf } from '../../../support/inputs/corpora.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { contextLength, DEFLATERS, Deflater, inflateAll, LEVELS, TRAILER } from '../../../support/kernels/deflating.js';
import { readDeflate } from '../../../support/oracles/read-deflate.js';

const WINDOW_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
const HASH_BITS = [8, 9, 10, 11, 12];
const STREAM_LENGTH = 1000;

function expectSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) !== 0) expect.fail(`${what}: not the bytes that went in`);
}

/** RFC 1951 section 3.2.4: five bytes a stored block of at most 65,535; then the empty one, whole or its first byte. */
function longest(length: number, isLast: boolean): number {
  return length + 5 * Math.ceil(length / 65_535) + (isLast ? 1 : 5);
}

describe.each(DEFLATERS)('deflate, $name kernel', ({ name, kernel }) => {
  const memory = new Uint8Array(kernel.memory);
  const view = new DataView(kernel.memory);

  it('is the kernel that it says', () => expect(kernel.name).toBe(name));

  it('an empty message is the byte 00 (RFC 7692 section 7.2.3.6)', () => {
    for (const level of LEVELS) {
      for (const takeover of [false, true]) {
        const deflater = new Deflater(kernel, { level, takeover });
        expect([...deflater.deflate(new Uint8Array(0))]).toEqual([0]);
        deflater.deflate(messageOf('json', 300, 1));
        expect([...deflater.deflate(new Uint8Array(0))]).toEqual([0]);
      }
    }
  });

  describe.each(CORPORA)('%s', (corpus) => {
    it.each(LEVELS)('every length to 600 at level %i, alone', (level) => {
      const deflater = new Deflater(kernel, { level });
      for (let length = 0; length <= 600; length++) {
        const message = messageOf(corpus, length, length);
        const payload = deflater.deflate(message);
        expectSame(inflateAll([payload]), message, `${length} bytes`);
        if (payload.length > longest(length, true)) expect.fail(`${length} bytes became ${payload.length}`);
      }
    });

    it.each(LEVELS)('longer ones at level %i, in slices', (level) => {
      const deflater = new Deflater(kernel, { level });
      for (const length of [1023, 1024, 4097, 16_385, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 200_001]) {
        const message = messageOf(corpus, length, length);
        for (const sliceLength of [INPUT_CAPACITY, 9999]) {
          const slices = deflater.slices(message, sliceLength);
          expectSame(inflateAll([Buffer.concat(slices)]), message, `${length} bytes in slices of ${sliceLength}`);
          for (const [i, slice] of slices.entries()) {
            const isLast = i === slices.length - 1;
            if (!isLast) expect(slice.subarray(-4)).toEqual(Buffer.from(TRAILER));
            const sliced = isLast ? length - i * sliceLength : sliceLength;
            if (slice.length > longest(sliced, isLast)) expect.fail(`${sliced} bytes became ${slice.length}`);
          }
        }
      }
    });

    it.each(WINDOW_BITS)('takeover over a window of %i bits, with every hash', (windowBits) => {
      const random = createRandom(windowBits);
      const ringLength = 2 ** windowBits;
      for (const hashBits of windowBits === 12 ? HASH_BITS : [HASH_BITS[windowBits % HASH_BITS.length]!]) {
        const deflater = new Deflater(kernel, { contextPtr: POOL_PTR, ringLength, hashBits, takeover: true });
        const messages: Uint8Array[] = [];
        const payloads: Buffer[] = [];
        for (let i = 0; i < STREAM_LENGTH; i++) {
          // Runs of messages at each level; now and then a long one.
          deflater.level = LEVELS[(i >> 5) % 3]!;
          const message = messageOf(corpus, random() % (i % 100 === 99 ? 70_000 : i % 10 === 9 ? 3000 : 300), random());
          messages.push(message);
          payloads.push(deflater.deflate(message));
        }
        expectSame(inflateAll(payloads, windowBits), Buffer.concat(messages), `hash of ${hashBits} bits`);
      }
    });
  });

  it('no match reaches further than the window, nor before what was remembered', () => {
    for (const windowBits of WINDOW_BITS) {
      for (const ringBits of [windowBits, 15]) {
        const windowLength = 2 ** windowBits;
        const ringLength = 2 ** ringBits;
        const options = { contextPtr: POOL_PTR, ringLength, windowLength, hashBits: 10, takeover: true };
        const deflater = new Deflater(kernel, options);
        let history: Uint8Array = new Uint8Array(0);
        let furthest = 0;
        for (let i = 0; i < 150; i++) {
          deflater.level = LEVELS[i % 3]!;
          const message = messageOf(CORPORA[i % CORPORA.length]!, (i * 37) % 1500, i % 10);
          const payload = deflater.deflate(message);
          const { bytes, blocks } = readDeflate(Buffer.concat([payload, TRAILER]), windowLength, history);
          expectSame(bytes, message, `message ${i}`);
          for (const block of blocks) {
            if (block.final) expect.fail('BFINAL');
            for (const { distance } of block.matches) furthest = Math.max(furthest, distance);
          }
          history = Buffer.concat([history, message]).subarray(-windowLength);
        }
        // Most of a window is used; of the largest there are not messages enough to fill it.
        expect(furthest).toBeGreaterThan(Math.min(windowLength, 8192) / 2);
      }
    }
  });

  it('a context whose ring, hash and work area hold anything', () => {
    const random = createRandom(4);
    for (let round = 0; round < 25; round++) {
      const ringBits = 8 + (random() % 8);
      const hashBits = HASH_BITS[random() % HASH_BITS.length]!;
      const ringLength = 2 ** ringBits;
      const length = contextLength(ringLength, hashBits);
      memory.set(randomBytes(length, round), POOL_PTR);
      memory.set(randomBytes(INPUT_PTR - DEFLATE_WORK_PTR, round), DEFLATE_WORK_PTR);
      const deflater = new Deflater(kernel, { contextPtr: POOL_PTR, ringLength, hashBits, takeover: true });
      view.setUint32(POOL_PTR + CONTEXT_POSITION, random(), true);
      const messages = Array.from({ length: 12 }, (_, i) =>
        messageOf(CORPORA[(round + i) % CORPORA.length]!, random() % (i % 4 === 3 ? 9000 : 400), random()),
      );
      const payloads = messages.map((message, i) => {
        deflater.level = LEVELS[i % 3]!;
        return deflater.deflate(message);
      });
      expectSame(inflateAll(payloads), Buffer.concat(messages), `round ${round}`);
    }
  });

  it('positions that pass 2^16 and 2^32', () => {
    for (const level of LEVELS) {
      for (const start of [0x10000 - 3000, 0x20000 - 5, 2 ** 32 - 3000, 2 ** 32 - 1]) {
        for (const ringLength of [256, 4096, 32_768]) {
          const deflater = new Deflater(kernel, {
            contextPtr: POOL_PTR,
            ringLength,
            hashBits: 10,
            takeover: true,
            level,
          });
          view.setUint32(POOL_PTR + CONTEXT_POSITION, start, true);
          const messages = Array.from({ length: 40 }, (_, i) => messageOf('json', i === 20 ? 5000 : 50 + i * 7, i % 5));
          const payloads = messages.map((message) => deflater.deflate(message));
          expectSame(inflateAll(payloads), Buffer.concat(messages), `from ${start}`);
          const total = messages.reduce((sum, { length }) => sum + length, 0);
          expect(view.getUint32(POOL_PTR + CONTEXT_POSITION, true)).toBe((start + total) % 2 ** 32);
        }
      }
    }
  });

  it('remembers the slice in the ring', () => {
    const ringLength = 512;
    const deflater = new Deflater(kernel, { contextPtr: POOL_PTR, ringLength, hashBits: 8, takeover: true });
    let all: Uint8Array = new Uint8Array(0);
    for (const length of [0, 1, 5, 500, 3, 300, 512, 513, 2000, 1, 66_000]) {
      const message = messageOf('chat', length, length);
      deflater.deflate(message);
      all = Buffer.concat([all, message]);
      const history = Math.min(all.length, ringLength);
      expect(view.getUint32(POOL_PTR + CONTEXT_HISTORY, true)).toBe(history);
      const position = view.getUint32(POOL_PTR + CONTEXT_POSITION, true);
      expect(position).toBe(all.length);
      for (let back = 1; back <= history; back++) {
        const at = POOL_PTR + CONTEXT_RING + ((position - back) & (ringLength - 1));
        if (memory[at] !== all[all.length - back]) expect.fail(`${back} bytes back after ${length}`);
      }
    }
  });

  it('connections in turns, their messages slice by slice', () => {
    const random = createRandom(8);
    const connections = Array.from({ length: 12 }, (_, i) => {
      const ringLength = 2 ** WINDOW_BITS[i % WINDOW_BITS.length]!;
      const contextPtr = POOL_PTR + i * 0xa000;
      const options = { contextPtr, ringLength, hashBits: HASH_BITS[i % 5]!, takeover: true, level: LEVELS[i % 3]! };
      return { deflater: new Deflater(kernel, options), messages: [] as Uint8Array[], payloads: [] as Uint8Array[] };
    });
    for (let i = 0; i < 600; i++) {
      const { deflater, messages, payloads } = connections[random() % connections.length]!;
      const most = i % 60 === 1 ? 200_000 : i % 20 === 0 ? 20_000 : 500;
      const message = messageOf(CORPORA[random() % CORPORA.length]!, random() % most, i % 9);
      messages.push(message);
      payloads.push(deflater.deflate(message, i % 3 === 0 ? 700 : undefined));
    }
    for (const { messages, payloads } of connections) {
      expectSame(inflateAll(payloads), Buffer.concat(messages), 'a connection');
    }
  });

  it('writes nothing but its work area, the output and its context', () => {
    const contextPtr = POOL_PTR + 0x1000;
    for (const [ringLength, hashBits] of [
      [256, 8],
      [4096, 11],
      [32_768, 12],
    ] as const) {
      for (const [i, length] of [0, 1, 15, 60, 700, 5000, 40_000, 65_535, 65_536].entries()) {
        for (const corpus of ['json', 'random', 'runs'] as const) {
          const end = contextPtr + contextLength(ringLength, hashBits);
          memory.set(randomBytes(end + 0x1000 - INPUT_PTR, i), INPUT_PTR);
          const deflater = new Deflater(kernel, {
            contextPtr,
            ringLength,
            hashBits,
            takeover: true,
            level: LEVELS[i % 3]!,
          });
          deflater.deflate(messageOf(corpus, 50_000, 1));
          memory.set(messageOf(corpus, length, i), INPUT_PTR);
          const before = memory.slice();
          kernel.deflate(contextPtr, ringLength, length, LEVELS[i % 3]!, i % 2 === 0 ? DEFLATE_LAST : 0);
          // Words are stored whole: seven bytes behind the output are scratch.
          const own = [
            [DEFLATE_WORK_PTR, INPUT_PTR],
            [OUTPUT_PTR, OUTPUT_PTR + DEFLATE_OUTPUT_CAPACITY + 7],
            [contextPtr, contextPtr + CONTEXT_RING + ringLength],
            [end - 2 * 2 ** hashBits, end],
          ] as const;
          for (const [from, to] of own) before.set(memory.subarray(from, to), from);
          expectSame(memory, before, `${length} bytes of ${corpus} over a ring of ${ringLength}`);
        }
      }
    }
  });

  it.each([LEVEL_FASTEST, LEVEL_DEFAULT])(
    'at level %i a very long slice finds what the one before ended with, whoever came between',
    (level) => {
      const ringLength = 4096;
      const first = messageOf('json', INPUT_CAPACITY, 1);
      const second = Buffer.concat([first.subarray(-3000), messageOf('json', 40_000, 2)]);
      const open = (contextPtr: number) =>
        new Deflater(kernel, { contextPtr, ringLength, hashBits: 11, takeover: true, level });
      const lengthAfter = (between: (contextPtr: number) => void) => {
        const deflater = open(POOL_PTR);
        const payloads = [deflater.deflate(first)];
        between(POOL_PTR + 0x4000);
        payloads.push(deflater.deflate(second));
        expectSame(inflateAll(payloads), Buffer.concat([first, second]), 'two slices');
        return payloads[1]!.length;
      };
      const alone = open(POOL_PTR).deflate(second).length;
      const found = lengthAfter(() => {});
      // As literals and short matches the 3000 bytes are some 900.
      expect(found).toBeLessThan(alone - 500);
      // As long as the first, so that positions are the same; and with as many different bytes in matches as fill any hash.
      const noise = Array.from({ length: 64 }, (_, i) => randomBytes(INPUT_CAPACITY / 128, i));
      const others = Buffer.concat(noise.flatMap((bytes) => [bytes, bytes]));
      for (const other of LEVELS) {
        const afterOther = lengthAfter((contextPtr) => {
          const deflater = open(contextPtr);
          deflater.level = other;
          deflater.deflate(others);
        });
        expect(afterOther).toBeLessThan(found + 100);
      }
    },
  );

  it('two matches side by side, whatever number of bits they have together', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createRandom(seed);
      const message = randomBytes(INPUT_CAPACITY, seed);
      // Of seven bits each, so that codes of the block's own pay.
      for (let at = 0; at < message.length; at++) message[at]! >>= 1;
      for (let at = 64; at < message.length - 600; at += random() % 40) {
        for (let matches = 0; matches < 2; matches++) {
          const from = at - 1 - (random() % Math.min(at, 32_768));
          const length = 4 + (random() % (random() % 8 === 0 ? 250 : 20));
          for (let i = 0; i < length; i++, at++) message[at] = message[from + i]!;
        }
      }
      for (const level of LEVELS) {
        expectSame(
          inflateAll([new Deflater(kernel, { level }).deflate(message)]),
          message,
          `seed ${seed}, level ${level}`,
        );
      }
    }
  });

  it('any message made of pieces that come again', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });
    const picks = fc.array(fc.tuple(fc.nat(5), fc.nat(20)), { maxLength: 60 });
    const context = fc.record({
      ringLength: fc.constantFrom(...WINDOW_BITS.map((bits) => 2 ** bits)),
      hashBits: fc.constantFrom(...HASH_BITS),
      level: fc.constantFrom(...LEVELS),
      takeover: fc.boolean(),
    });
    fc.assert(
      fc.property(
        pieces,
        fc.array(picks, { minLength: 1, maxLength: 5 }),
        context,
        fc.nat(),
        (parts, plans, options, at) => {
          const deflater = new Deflater(kernel, { contextPtr: POOL_PTR, ...options });
          view.setUint32(POOL_PTR + CONTEXT_POSITION, at, true);
          const messages = plans.map((plan) =>
            Buffer.concat(
              plan.flatMap(([which, times]) => Array<Uint8Array>(times).fill(parts[which % parts.length]!)),
            ),
          );
          const payloads = messages.map((message) => deflater.deflate(message, 2000));
          const read = readDeflate(
            Buffer.concat(payloads.flatMap((payload) => [payload, TRAILER])),
            options.ringLength,
          );
          expect(Buffer.compare(read.bytes, Buffer.concat(messages))).toBe(0);
          expect(Buffer.compare(inflateAll(payloads), Buffer.concat(messages))).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the same message over the same context gives the same bytes', () => {
    const messages = Array.from({ length: 50 }, (_, i) => messageOf('json', 100 + i * 40, i));
    const run = () => {
      memory.fill(0, POOL_PTR, POOL_PTR + contextLength(4096, 10));
      memory.fill(0, DEFLATE_WORK_PTR, INPUT_PTR);
      const options = { contextPtr: POOL_PTR, ringLength: 4096, hashBits: 10, takeover: true, level: LEVEL_DEFAULT };
      const deflater = new Deflater(kernel, options);
      return Buffer.concat(messages.map((message) => deflater.deflate(message)));
    };
    expectSame(run(), run(), 'twice');
  });
});
