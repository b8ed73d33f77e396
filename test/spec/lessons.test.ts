// What went wrong in other implementations of WebSocket, each with the reason why it is tested here: lengths, memory, stale
// bytes, text. The handshake's are in lessons-handshake.test.ts, those of deflate in test/unit/deflate.

import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connection, isValidUtf8, MessageDecoder } from '../../src/index.js';
import { bytesOf, concat, Peer, stream, type WireFrame, wire } from '../support/frames/wire.js';
import { referenceDecode } from '../support/oracles/reference-decoder.js';
import { KERNEL_NAMES, withoutStacks } from '../support/oracles/replay.js';

const peer = new Peer('server');
/** Makes what a server says. */
const server = new Peer('client');
const GIB = 2 ** 30;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a length that a peer claims', () => {
  // gorilla/websocket, CVE-2020-27813: the length of a frame was added to what had been read in a signed 64-bit number, and
  // wrapped past the limit. Tomcat, CVE-2020-13935: a length with its top bit set made an endless loop.
  const BORDERS = [0n, 125n, 126n, 127n, 65535n, 65536n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n];
  const claims = BORDERS.flatMap((border) => Array.from({ length: 33 }, (_, i) => border + BigInt(i - 16))).filter(
    (claimed) => claimed >= 0n && claimed < 2n ** 64n,
  );

  it.each(KERNEL_NAMES)('near any power of two is judged as it stands, also with what came before (%s)', (kernel) => {
    for (const claimed of claims) {
      for (const form of [undefined, 64] as const) {
        for (const limit of [0, 1000, 2 ** 32, 2 ** 53 - 1]) {
          const frames: WireFrame[] = [
            peer.binary('ab', { fin: false }),
            peer.continuation('', { claimed, ...(form && { form }) }),
          ];
          const bytes = stream(...frames);
          const options = { role: 'server', maxMessageLength: limit } as const;
          const { failure } = referenceDecode(bytes, options);
          const decoder = new MessageDecoder({ ...options, kernel });
          withoutStacks(() => decoder.decode(bytes));
          const actual = decoder.error && { rule: decoder.error.code.slice(6), offset: decoder.error.offset };
          const expected = failure && { rule: failure.rule, offset: failure.offset };
          expect(actual, `${claimed} in ${form} bits, limit ${limit}`).toEqual(expected);
        }
      }
    }
  });

  it.each(KERNEL_NAMES)('allocates nothing: 1 GiB, two bytes sent, a thousand times (%s)', (kernel) => {
    // ws, CVE-2016-10542: a frame was taken to be as long as it said it was.
    const start = concat(wire(peer.binary('', { claimed: BigInt(GIB) })), Uint8Array.of(1, 2));
    const decoders = Array.from(
      { length: 1000 },
      () => new MessageDecoder({ role: 'server', kernel, maxMessageLength: 2 * GIB }),
    );
    const before = process.memoryUsage().arrayBuffers;
    for (const decoder of decoders) decoder.decode(start.slice());
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4e6);
    expect(decoders.reduce((sum, decoder) => sum + decoder.bufferedLength, 0)).toBe(1000 * 256);
  });
});

describe('fragments', () => {
  // Many receivers keep an object for each fragment, empty ones too: a message that never ends then takes all memory, one
  // frame of 6 bytes at a time, and no limit on its length helps.
  it.each(KERNEL_NAMES)('without end hold the bytes that they have, and ordinary messages follow (%s)', (kernel) => {
    const perChunk = 10_000;
    const many = (frame: WireFrame) => stream(...new Array<WireFrame>(perChunk).fill(frame));
    const [empty, single, text] = [
      many(peer.continuation('', { fin: false })),
      many(peer.continuation('x', { fin: false })),
      many(peer.text('ordinary')),
    ];
    const connection = new Connection({ role: 'server', kernel });
    connection.receive(wire(peer.binary('', { fin: false })));
    for (let i = 0; i < 50; i++) {
      expect(connection.receive(empty.slice())).toEqual([]);
      expect(connection.receive(single.slice())).toEqual([]);
    }
    expect(connection.bufferedLength).toBeGreaterThanOrEqual(50 * perChunk);
    expect(connection.bufferedLength).toBeLessThanOrEqual(100 * perChunk);
    expect(connection.receive(wire(peer.continuation('')))).toMatchObject([{ type: 'binary' }]);
    expect(connection.bufferedLength).toBe(0);
    let messages = 0;
    for (let i = 0; i < 100; i++) messages += connection.receive(text.slice()).length;
    expect(messages).toBe(100 * perChunk);
    expect(connection.bufferedLength).toBe(0);
    expect(connection.state).toBe('open');
  });
});

describe('bytes of others', () => {
  // ws, CVE-2016-10518: ping(number) sent that many bytes of memory that had not been cleared. Heartbleed is of this family.
  const ODD = [new Float32Array(20), new Float64Array(2), new DataView(new ArrayBuffer(9)), new ArrayBuffer(50), 50];
  const MORE = [Number.NaN, {}, [1, 2], { length: 50 }, null, true, Symbol('x'), () => 50];

  it.each(KERNEL_NAMES)('are not sent for an argument of a wrong type (%s)', (kernel) => {
    for (const odd of [...ODD, ...MORE] as never[]) {
      const connection = new Connection({ role: 'server', kernel });
      expect(() => connection.close(1000, odd)).toThrow();
      expect(() => connection.ping(odd)).toThrow(TypeError);
      expect(() => connection.pong(odd)).toThrow(TypeError);
      expect(() => connection.sendText(odd)).toThrow(TypeError);
      expect(() => connection.sendBinary(odd)).toThrow(TypeError);
      expect(() => connection.startMessage('binary', odd)).toThrow(TypeError);
      expect(() => connection.receive(odd)).toThrow(TypeError);
      expect(connection.outgoingLength).toBe(0);
      expect(connection.state).toBe('open');
    }
  });

  it.each(KERNEL_NAMES)('in the arena change no verdict and reach no message, at every length (%s)', (kernel) => {
    // SIMD reads past the end of what is there. What an earlier connection has left must not count.
    for (const stale of [0x00, 0x41, 0x80, 0xbf, 0xe2, 0xff]) {
      new MessageDecoder({ role: 'server', kernel }).decode(wire(peer.binary(new Uint8Array(2000).fill(stale))));
      for (let length = 0; length <= 200; length++) {
        const ascii = new MessageDecoder({ role: 'server', kernel });
        expect(ascii.decode(wire(peer.text('a'.repeat(length))))).toEqual([{ type: 'text', text: 'a'.repeat(length) }]);
        const cut = new MessageDecoder({ role: 'server', kernel });
        withoutStacks(() =>
          cut.decode(wire(peer.text(concat(bytesOf('a'.repeat(length)), Uint8Array.of(0xe2, 0x82))))),
        );
        expect(cut.error?.code, `${length} bytes, then a cut character, before ${stale}`).toBe('WSIMD_INVALID_UTF8');
      }
    }
  });

  it.each(KERNEL_NAMES)('are not handed out: what is owned stays as it was (%s)', (kernel) => {
    const decoder = new MessageDecoder({ role: 'server', kernel });
    const other = new MessageDecoder({ role: 'server', kernel });
    const random = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7 + length);
    const kept: [Uint8Array, Uint8Array][] = [];
    for (let length = 0; length < 1500; length += 13) {
      const payload = random(length);
      for (const event of decoder.decode(stream(peer.binary(payload), peer.ping(payload.subarray(0, 125))))) {
        if (event.type === 'binary') kept.push([event.data, payload]);
        if (event.type === 'ping') kept.push([event.payload, payload.subarray(0, 125)]);
      }
      other.decode(wire(peer.binary(new Uint8Array(3000).fill(0xee))));
    }
    for (const [actual, expected] of kept) expect(Buffer.compare(actual, expected)).toBe(0);
    expect(kept.length).toBeGreaterThan(200);
  });
});

describe('what is text', () => {
  // Where text, close reasons and fragments are validated by different code, one of them lets through what another refuses.
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 123 }),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => bytesOf(text).subarray(0, 123)),
    fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f), {
      maxLength: 20,
    }),
  );

  it.each(KERNEL_NAMES)('is decided the same for texts, fragments and close reasons (%s)', (kernel) => {
    const isTaken = (...frames: WireFrame[]) => {
      const decoder = new MessageDecoder({ role: 'server', kernel });
      withoutStacks(() => decoder.decode(stream(...frames)));
      expect([undefined, 'WSIMD_INVALID_UTF8']).toContain(decoder.error?.code);
      return decoder.error === undefined;
    };
    fc.assert(
      fc.property(bytes, fc.nat(123), (values, at) => {
        const text = Uint8Array.from(values);
        const cut = Math.min(at, text.length);
        const fragments = [
          peer.text(text.subarray(0, cut), { fin: false }),
          peer.continuation(text.subarray(cut)),
        ] as const;
        const verdicts = [
          isTaken(peer.text(text)),
          isTaken(...fragments),
          isTaken(peer.close(1000, text)),
          isValidUtf8(text),
        ];
        expect(verdicts).toEqual(new Array(4).fill(isUtf8(text)));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('bytes that come one by one', () => {
  // Receivers that join what they hold with each chunk do quadratic work for a message that comes in small pieces.
  it.each(KERNEL_NAMES)('cost the same each, however many there are (%s)', async (kernel) => {
    const { set } = Uint8Array.prototype;
    const { copy } = Buffer.prototype;
    let copied = 0;
    vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, source, offset) {
      copied += source.length;
      set.call(this, source, offset);
    });
    vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, target, at, start, end) {
      const length = copy.call(this, target, at, start, end);
      copied += length;
      return length;
    });
    // The library looks both up once.
    vi.resetModules();
    const { MessageDecoder } = await import('../../src/index.js');
    const copiedFor = (length: number) => {
      copied = 0;
      const decoder = new MessageDecoder({ role: 'server', kernel });
      let events = 0;
      for (const byte of wire(peer.binary(new Uint8Array(length))))
        events += decoder.decode(Uint8Array.of(byte)).length;
      expect(events).toBe(1);
      expect(copied).toBeGreaterThan(length);
      return copied / length;
    };
    // The state of 64 bytes in and out, the byte, and what a growing buffer copies.
    expect(copiedFor(1000)).toBeLessThan(140);
    expect(copiedFor(50_000)).toBeLessThan(140);
  });
});

describe('pings', () => {
  // Each ping makes an answer: what is to be sent must not grow with what came, from a peer that does not take it.
  it.each(KERNEL_NAMES)('make a server hold 64 answers, and the most recent one behind them (%s)', (kernel) => {
    const connection = new Connection({ role: 'server', kernel });
    const flood = stream(...new Array<WireFrame>(1000).fill(peer.ping('')));
    for (let i = 0; i < 100; i++) connection.receive(flood.slice());
    connection.receive(wire(peer.ping('last')));
    expect(connection.outgoingLength).toBe(64 * 2);
    expect(connection.takeOutgoing()).toEqual(
      stream(...new Array<WireFrame>(64).fill(server.pong('')), server.pong('last')),
    );
  });
});
