// inflate() of every kernel on what zlib deflates: every kind of message and every way to compress it, with and without
// takeover, whole and in pieces, the cap, the end of a message, and text.

import { constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MAX_WINDOW_LENGTH, OUTPUT_CAPACITY, POOL_PTR } from '../../../../assembly/shared/deflate-layout.js';
import { UTF8_ASCII } from '../../../../assembly/shared/layout.js';
import { CORPORA, type CorpusName, messageOf, TEXT_CORPORA } from '../../../support/inputs/corpora.js';
import { createRandom } from '../../../support/inputs/random.js';
import {
  deflateAlone,
  deflateStream,
  INFLATE_KERNELS,
  Inflater,
  type MessageOptions,
} from '../../../support/kernels/inflating.js';

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];
const MEMORY_LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const WINDOW_BITS = [9, 10, 11, 12, 13, 14, 15];
const STREAM_LENGTH = 1000;

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Messages of 0 to 600 bytes, now and then of some thousand. */
function streamOf(corpus: CorpusName, count: number): Uint8Array[] {
  const random = createRandom(count);
  return Array.from({ length: count }, (_, i) => {
    const length = random() % (i % 50 === 49 ? 20_000 : 600);
    return messageOf(corpus, length, i + 1);
  });
}

interface Deflated {
  readonly message: Uint8Array;
  readonly payload: Uint8Array;
}

const deflated = new Map<CorpusName, readonly Deflated[]>();

/** Messages of some lengths by every level, strategy and memory level; made once for all kernels. */
function inEveryWay(corpus: CorpusName): readonly Deflated[] {
  let all = deflated.get(corpus);
  if (all === undefined) {
    const messages = [0, 1, 60, 175, 1024, 16_384, 70_000].map((length) => messageOf(corpus, length, length));
    all = LEVELS.flatMap((level) =>
      STRATEGIES.flatMap((strategy) =>
        MEMORY_LEVELS.flatMap((memLevel) =>
          // The long ones at one memory level only: they take their time, in zlib.
          (memLevel === 8 ? messages : messages.slice(0, 5)).map((message) => {
            return { message, payload: deflateAlone(message, { level, strategy, memLevel }) };
          }),
        ),
      ),
    );
    deflated.set(corpus, all);
  }
  return all;
}

describe.each(INFLATE_KERNELS)('$name', ({ name, kernel }) => {
  it('is the kernel that it says', () => expect(kernel.name).toBe(name));

  function expectDone(inflater: Inflater, payload: Uint8Array, message: Uint8Array, options?: MessageOptions): void {
    const outcome = inflater.inflate(payload, options);
    if (outcome.status !== 'done') expect.fail(`${outcome.status} error`);
    if (!outcome.bytes.equals(message)) expect(latin1(outcome.bytes)).toBe(latin1(message));
  }

  describe.each(CORPORA)('%s', (corpus) => {
    it('every level, strategy and memory level', () => {
      const inflater = new Inflater(kernel);
      for (const { payload, message } of inEveryWay(corpus)) expectDone(inflater, payload, message);
    });

    it.each(WINDOW_BITS)('takeover over a window of %i bits', async (windowBits) => {
      const messages = streamOf(corpus, STREAM_LENGTH);
      const payloads = await deflateStream(messages, { windowBits });
      // zlib's matches stay 262 bytes short of its window, so that 9 bits of it fit 8 of ours.
      const ringLengths = windowBits === 9 ? [256, 512] : [2 ** windowBits];
      for (const ringLength of ringLengths) {
        const inflater = new Inflater(kernel, { ringLength });
        payloads.forEach((payload, i) => {
          expectDone(inflater, payload, messages[i]!);
        });
      }
    });

    it('in two pieces, cut everywhere, and byte by byte', () => {
      const inflater = new Inflater(kernel);
      for (const strategy of STRATEGIES) {
        for (const level of [0, 6]) {
          const message = messageOf(corpus, 300, strategy + level);
          const payload = deflateAlone(message, { level, strategy });
          for (let cut = 0; cut <= payload.length; cut++) expectDone(inflater, payload, message, { pieces: [cut] });
          expectDone(inflater, payload, message, { pieces: new Array(payload.length).fill(1) });
          expectDone(inflater, payload, message, { pieces: new Array(payload.length).fill(1), capacities: [1] });
        }
      }
    });

    it('any pieces of input and of output', () => {
      const random = createRandom(9);
      const inflater = new Inflater(kernel);
      for (let i = 0; i < 60; i++) {
        const message = messageOf(corpus, random() % 100_000, i);
        const payload = deflateAlone(message, { level: i % 10, memLevel: 1 + (i % 9) });
        const mostIn = [3, 50, 3000, 65_536][i % 4]!;
        const mostOut = [40, 700, 9000, 65_536][(i >> 2) % 4]!;
        expectDone(inflater, payload, message, {
          pieces: Array.from({ length: 2000 }, () => random() % mostIn),
          capacities: Array.from({ length: 97 }, () => 1 + (random() % mostOut)),
        });
      }
    });
  });

  it('goes on from the history that a context brings along', async () => {
    const [first, second] = [messageOf('json', 1500, 1), messageOf('json', 1500, 2)] as const;
    const [one, two] = (await deflateStream([first, second])) as [Uint8Array, Uint8Array];
    const small = new Inflater(kernel, { ringLength: 4096 });
    expectDone(small, one, first);
    expectDone(small, two, second);
    // Without the first message the second means nothing.
    expect(new Inflater(kernel).inflate(two)).toEqual({ status: 'data' });
  });

  it('matches across the end of the ring, and from the ring into the output', async () => {
    // One phrase over and over, so that each message is one match into the last, wherever that lies in the ring.
    const phrase = messageOf('random', 100, 3);
    const messages = Array.from({ length: 400 }, (_, i) =>
      Buffer.concat([phrase, phrase]).subarray(i % 90, 100 + (i % 97)),
    );
    const payloads = await deflateStream(messages, { windowBits: 9 });
    const inflater = new Inflater(kernel, { ringLength: 256 });
    payloads.forEach((payload, i) => {
      expectDone(inflater, payload, messages[i]!);
    });
  });

  describe('the cap', () => {
    it.each([1, 2, 100, 257, 258, 259, 4096, OUTPUT_CAPACITY])('%i bytes are all there is, or not', (capacity) => {
      for (const corpus of CORPORA) {
        for (const more of [-1, 0, 1, 300]) {
          const message = messageOf(corpus, Math.max(0, capacity + more), 5);
          if (message.length > OUTPUT_CAPACITY + 1) continue;
          const limited = new Inflater(kernel);
          const outcome = limited.inflate(deflateAlone(message), { capacities: [capacity] });
          // The driver holds the kernel to it: never more, and no "more to come" with room left or nothing to come.
          expect(outcome.status === 'done' && latin1(outcome.bytes)).toBe(latin1(message));
        }
      }
    });

    it('stops a bomb of 1000:1 there, and goes on from there', () => {
      const message = new Uint8Array(1_000_000);
      const payload = deflateAlone(message, { level: 9 });
      expect(payload.length).toBeLessThan(1050);
      for (const capacity of [1000, 65_536]) {
        expectDone(new Inflater(kernel), payload, message, { capacities: [capacity] });
        expectDone(new Inflater(kernel), payload, message, { capacities: [capacity], pieces: [1, 1, 500] });
      }
    });
  });

  describe('the end of a message', () => {
    const hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

    it.each([
      ['RFC 7692 7.2.3.1: "Hello"', [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 'Hello'],
      ['RFC 7692 7.2.3.3: a stored block', [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00], 'Hello'],
      ['RFC 7692 7.2.3.4: BFINAL', [...hello, 0x00], 'Hello'],
      ['RFC 7692 7.2.3.4: BFINAL, without the byte behind it', hello, 'Hello'],
      [
        'RFC 7692 7.2.3.5: two blocks',
        [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        'Hello',
      ],
      ['RFC 7692 7.2.3.6: an empty message', [0x00], ''],
      ['no bytes', [], ''],
      ['a second block behind BFINAL', [...hello, ...hello, 0x00], 'HelloHello'],
    ])('%s', (_, payload, text) => {
      const pieces = new Array(payload.length).fill(1);
      for (const options of [{}, { pieces }]) {
        const outcome = new Inflater(kernel).inflate(Uint8Array.from(payload), { ...options, text: true });
        expect(outcome).toEqual({ status: 'done', bytes: Buffer.from(text), utf8: UTF8_ASCII });
      }
    });

    it('RFC 7692 7.2.3.2: a match into the message before', () => {
      const inflater = new Inflater(kernel);
      expectDone(inflater, Uint8Array.from([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), Buffer.from('Hello'));
      expectDone(inflater, Uint8Array.from([0xf2, 0x00, 0x11, 0x00, 0x00]), Buffer.from('Hello'));
    });

    it('a payload that ends inside a block is at fault', () => {
      for (const level of [0, 6]) {
        const payload = deflateAlone(messageOf('json', 300, 7), { level });
        // Of a stored block (5 bytes before its 300) three cuts are none: its first byte is that of an empty block; the four
        // bytes put behind may be its last; at its end is a border.
        const whole = level === 0 ? [1, 5 + 300 - 4, 5 + 300] : [];
        for (let length = 1; length < payload.length; length++) {
          const outcome = new Inflater(kernel).inflate(payload.subarray(0, length));
          expect([length, outcome.status]).toEqual([length, whole.includes(length) ? 'done' : 'data']);
        }
      }
    });

    it('an error stays one', () => {
      const inflater = new Inflater(kernel);
      expect(inflater.inflate(Uint8Array.of(0x07))).toEqual({ status: 'data' });
      expect(inflater.inflate(Uint8Array.of(0x07, 0x00), { pieces: [1, 1] })).toEqual({ status: 'data' });
      expectDone(inflater, deflateAlone(messageOf('json', 100, 1)), messageOf('json', 100, 1));
    });
  });

  describe('text', () => {
    it.each(TEXT_CORPORA)('%s is valid, in any pieces', (corpus) => {
      const message = messageOf(corpus, 5000, 4);
      const isAscii = message.every((byte) => byte < 0x80);
      const payload = deflateAlone(message);
      for (const capacities of [[65_536], [1], [7, 1000]]) {
        const outcome = new Inflater(kernel).inflate(payload, { text: true, capacities });
        expect(outcome.status === 'done' && latin1(outcome.bytes)).toBe(latin1(message));
        if (capacities[0] === 65_536) {
          expect(outcome).toMatchObject({ utf8: isAscii ? UTF8_ASCII : 0 });
        }
      }
    });

    it.each([
      ['a byte that is none', [0x41, 0xff, 0x41]],
      ['a surrogate', [0xed, 0xa0, 0x80]],
      ['an end inside a character', [0x41, 0xe2, 0x82]],
    ])('%s is an error, and none in binary', (_, bytes) => {
      const message = Buffer.concat([messageOf('json', 100, 1), Uint8Array.from(bytes)]);
      const payload = deflateAlone(message);
      for (const options of [{}, { capacities: [1] }, { pieces: new Array(payload.length).fill(1) }]) {
        expect(new Inflater(kernel).inflate(payload, { ...options, text: true })).toEqual({ status: 'utf8' });
        expectDone(new Inflater(kernel), payload, message, options);
      }
    });

    it('a character may go over from one call to the next, but not from one message to the next', () => {
      const inflater = new Inflater(kernel);
      const [head, tail] = [Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac)];
      expect(inflater.inflate(deflateAlone(head), { text: true })).toEqual({ status: 'utf8' });
      expect(inflater.inflate(deflateAlone(tail), { text: true })).toEqual({ status: 'utf8' });
    });
  });

  describe('nothing but its regions', () => {
    it('the context is read only, and other contexts are not touched', async () => {
      const memory = new Uint8Array(kernel.memory);
      const messages = streamOf('json', 60);
      const payloads = await deflateStream(messages);
      memory.fill(0xa5, POOL_PTR);
      const contextPtr = POOL_PTR + 0x10000;
      const inflater = new Inflater(kernel, { contextPtr });
      payloads.forEach((payload, i) => {
        expectDone(inflater, payload, messages[i]!);
      });
      const end = contextPtr + 16 + MAX_WINDOW_LENGTH;
      expect(memory.subarray(POOL_PTR, contextPtr).every((byte) => byte === 0xa5)).toBe(true);
      expect(memory.subarray(end).every((byte) => byte === 0xa5)).toBe(true);
    });
  });
});
