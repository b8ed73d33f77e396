// RFC 7692 sections 5 to 7 on a connection, byte by byte: the RFC's own examples, RSV1, fragments, what is refused and with
// which close code. Messages come from node:zlib, or are written out.

import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { ConnectedPair } from '../../../src/testing/index.js';
import { splitPoints } from '../../support/frames/cuts.js';
import { BINARY, bytesOf, concat, Peer, PING, stream, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { describeEvents } from '../../support/oracles/replay.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';

const NAME = 'permessage-deflate';
const RSV1 = { rsv: 4 };
const HELLO = Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);

describe.each(DEFLATE_KERNELS)('permessage-deflate on the %s kernel', (kernel) => {
  let deflate: PerMessageDeflate;
  beforeEach(() => {
    deflate = new PerMessageDeflate({ kernel, poolLength: 2 ** 20 });
  });
  afterEach(() => {
    expect(deflate.kernelName).toBe(kernel);
  });

  const peer = new Peer('client');

  /** A client that has agreed on what the server answered. */
  function connect(answer = NAME, options: Partial<ConnectionOptions> = {}): Connection {
    const compression = deflate.forClient(parseExtensions(answer), parseExtensions(`${NAME}; client_max_window_bits`))!;
    return new Connection({ role: 'client', ...options }, compression);
  }

  const text = (payload: Uint8Array | readonly number[], options = {}) =>
    peer.frame(TEXT, payload, { ...RSV1, ...options });

  describe('7.2.3: the examples', () => {
    it.each<[string, number[], string[]]>([
      ['7.2.3.1 one frame', [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], ['Hello']],
      ['7.2.3.1 two fragments', [0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00], ['Hello']],
      [
        '7.2.3.2 the window is shared',
        [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00],
        ['Hello', 'Hello'],
      ],
      [
        '7.2.3.3 a block without compression',
        [0xc1, 0x0b, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        ['Hello'],
      ],
      ['7.2.3.4 a block with BFINAL', [0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], ['Hello']],
      [
        '7.2.3.5 two blocks',
        [0xc1, 0x0d, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ['Hello'],
      ],
      ['7.2.3.6 an empty message', [0xc1, 0x01, 0x00], ['']],
    ])('%s', (_name, bytes, texts) => {
      const chunk = Uint8Array.from(bytes);
      expect(connect().receive(chunk.slice())).toEqual(texts.map((t) => ({ type: 'text', text: t })));
      for (const at of splitPoints(chunk.length)) {
        const connection = connect();
        const events = [...connection.receive(chunk.slice(0, at)), ...connection.receive(chunk.slice(at))];
        expect(events).toEqual(texts.map((t) => ({ type: 'text', text: t })));
      }
    });

    it('a compressed message of no bytes is an empty one, as zlib has it', () => {
      expect(connect().receive(stream(text([]), text(HELLO)))).toEqual([
        { type: 'text', text: '' },
        { type: 'text', text: 'Hello' },
      ]);
    });

    it('BFINAL in a message does not end what follows', () => {
      const final = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
      const frames = [text(final), text([0xf2, 0x00, 0x11, 0x00, 0x00]), text(final), text(HELLO)];
      expect(describeEvents(connect().receive(stream(...frames)))).toEqual(
        describeEvents(Array.from({ length: 4 }, () => ({ type: 'text', text: 'Hello' }) as const)),
      );
    });
  });

  describe('6: RSV1', () => {
    it('marks a compressed message; one without it is taken as it is', () => {
      const bytes = stream(
        text(HELLO),
        peer.text('plain'),
        peer.frame(BINARY, HELLO, RSV1),
        peer.frame(BINARY, HELLO),
        text(HELLO),
      );
      expect(connect().receive(bytes)).toEqual([
        { type: 'text', text: 'Hello' },
        { type: 'text', text: 'plain' },
        { type: 'binary', data: bytesOf('Hello') },
        { type: 'binary', data: HELLO },
        { type: 'text', text: 'Hello' },
      ]);
    });

    it.each([
      ['on a continuation', () => [text(HELLO.slice(0, 3), { fin: false }), peer.continuation(HELLO.slice(3), RSV1)]],
      ['on a ping', () => [peer.frame(PING, '', RSV1)]],
      ['on a Close', () => [peer.frame(8, '', RSV1)]],
      ['with RSV2', () => [peer.frame(TEXT, HELLO, { rsv: 6 })]],
      ['with RSV3', () => [peer.frame(TEXT, HELLO, { rsv: 5 })]],
    ])('%s is refused', (_name, frames) => {
      const events = connect().receive(stream(peer.text('before'), ...frames(), peer.text('behind')));
      expect(events).toMatchObject([
        { type: 'text', text: 'before' },
        { type: 'error', error: { code: 'WSIMD_RESERVED_BITS', closeCode: 1002 } },
      ]);
    });

    it('is refused where no compression was agreed on', () => {
      const events = new Connection({ role: 'client' }).receive(stream(text(HELLO)));
      expect(events).toMatchObject([{ type: 'error', error: { code: 'WSIMD_RESERVED_BITS' } }]);
      deflate.forClient(parseExtensions(NAME), parseExtensions(NAME))?.release();
    });

    it('does not spare uncompressed text its validation', () => {
      const bad = Uint8Array.of(0x61, 0xff);
      for (const frames of [[peer.text(bad)], [peer.text('a', { fin: false }), peer.continuation(bad)]]) {
        const events = connect().receive(stream(text(HELLO), ...frames));
        expect(events).toMatchObject([{ type: 'text' }, { error: { code: 'WSIMD_INVALID_UTF8', closeCode: 1007 } }]);
      }
    });
  });

  describe('a message in fragments', () => {
    const message = 'fragments, 片段, fragments, 片段, fragments again and again';

    it('comes together wherever it is cut, with control frames between', () => {
      const payload = new DeflatingPeer().deflate(message);
      for (let first = 0; first <= payload.length; first++) {
        const second = first + Math.floor((payload.length - first) / 2);
        const bytes = stream(
          text(payload.subarray(0, first), { fin: false }),
          peer.ping('one'),
          peer.continuation(payload.subarray(first, second), { fin: false }),
          peer.continuation('', { fin: false }),
          peer.pong('two'),
          peer.continuation(payload.subarray(second)),
          peer.text('plain'),
        );
        for (const at of [0, 1, 5, Math.floor(bytes.length / 2), bytes.length - 9]) {
          const connection = connect();
          const events = [...connection.receive(bytes.slice(0, at)), ...connection.receive(bytes.slice(at))];
          expect(events).toEqual([
            { type: 'ping', payload: bytesOf('one') },
            { type: 'pong', payload: bytesOf('two') },
            { type: 'text', text: message },
            { type: 'text', text: 'plain' },
          ]);
          expect(connection.bufferedLength).toBe(0);
        }
      }
    });

    it('is held compressed, and given up at a Close frame or an error', () => {
      const connection = connect();
      connection.receive(stream(text(HELLO.slice(0, 5), { fin: false })));
      expect(connection.bufferedLength).toBe(256);
      connection.receive(stream(peer.close(1000)));
      expect(connection.bufferedLength).toBe(0);
      const failed = connect();
      failed.receive(stream(text(HELLO.slice(0, 5), { fin: false }), peer.frame(3, '')));
      expect(failed.bufferedLength).toBe(0);
    });
  });

  describe('what is refused', () => {
    const zeros = (length: number) => new DeflatingPeer({ takeover: false }).deflate(new Uint8Array(length));

    it.each<[string, number[]]>([
      ['a block of type 3', [0x06]],
      ['a stored block whose lengths disagree', [0x00, 0x05, 0x00, 0x00, 0x00, 0x41]],
      ['a distance before the start', [0xf2, 0x00, 0x11, 0x00, 0x00]],
      ['an end inside a block', [0xf2, 0x48]],
    ])('%s: 1007, and nothing behind it', (_name, payload) => {
      const connection = connect();
      const events = connection.receive(stream(peer.text('before'), text(payload), peer.text('behind'), peer.ping('')));
      expect(events).toMatchObject([
        { type: 'text', text: 'before' },
        { type: 'error', error: { code: 'WSIMD_INVALID_DEFLATE', closeCode: 1007 } },
      ]);
      expect(connection.state).toBe('closed');
      expect(connection.receive(stream(peer.text('later')))).toEqual([]);
      expect(deflate.poolUse.contexts).toBe(0);
    });

    it('text that is not UTF-8 once it is inflated', () => {
      for (const bad of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80]]) {
        const payload = new DeflatingPeer().deflate(Uint8Array.from(bad));
        expect(connect().receive(stream(text(payload)))).toMatchObject([
          { type: 'error', error: { code: 'WSIMD_INVALID_UTF8', closeCode: 1007 } },
        ]);
        expect(connect().receive(stream(peer.frame(BINARY, payload, RSV1)))).toEqual([
          { type: 'binary', data: Uint8Array.from(bad) },
        ]);
        expect(connect(NAME, { skipUtf8Validation: true }).receive(stream(text(payload)))).toMatchObject([
          { type: 'text', text: Buffer.from(bad).toString() },
        ]);
      }
    });

    it('a distance beyond the window that was agreed on', () => {
      const far = concat(
        bytesOf('unlikely to come twice'),
        new Uint8Array(300).fill(7),
        bytesOf('unlikely to come twice'),
      );
      const payload = new DeflatingPeer({ zlib: { level: 9 } }).deflate(far);
      expect(() => inflateRawSync(concat(payload, [0, 0, 255, 255] as never), { windowBits: 8 })).toThrow();
      expect(
        connect(`${NAME}; server_max_window_bits=8`).receive(stream(peer.frame(BINARY, payload, RSV1))),
      ).toMatchObject([{ type: 'error', error: { code: 'WSIMD_INVALID_DEFLATE' } }]);
      expect(connect().receive(stream(peer.frame(BINARY, payload, RSV1)))).toEqual([{ type: 'binary', data: far }]);
    });

    it('a reference to the message before, where the server promised none', () => {
      const bytes = stream(text(HELLO), text([0xf2, 0x00, 0x11, 0x00, 0x00]));
      expect(connect(`${NAME}; server_no_context_takeover`).receive(bytes)).toMatchObject([
        { type: 'text', text: 'Hello' },
        { type: 'error', error: { code: 'WSIMD_INVALID_DEFLATE' } },
      ]);
    });

    it.each([0, 1, 125, 1000, 65535, 65536, 65537, 200_000])('more than %i bytes, to the byte', (limit) => {
      for (const [length, isTaken] of [
        [limit, true],
        [limit + 1, false],
      ] as const) {
        const events = connect(NAME, { maxMessageLength: limit }).receive(
          stream(peer.frame(BINARY, length === 0 ? [0] : zeros(length), RSV1)),
        );
        // The limit holds for what is received too.
        if (limit === 0) expect(events).toMatchObject([{ type: 'error', error: { code: 'WSIMD_MESSAGE_TOO_LONG' } }]);
        else if (isTaken && zeros(length).length <= limit)
          expect(events).toEqual([{ type: 'binary', data: new Uint8Array(length) }]);
        else
          expect(events).toMatchObject([{ type: 'error', error: { code: 'WSIMD_MESSAGE_TOO_LONG', closeCode: 1009 } }]);
      }
    });

    it('a bomb of 1000:1, at the limit and not after it, in fragments too', () => {
      const bomb = zeros(32 * 1024 * 1024);
      expect(bomb.length).toBeLessThan(40_000);
      const half = bomb.length >> 1;
      for (const frames of [
        [peer.frame(BINARY, bomb, RSV1)],
        [peer.frame(BINARY, bomb.subarray(0, half), { ...RSV1, fin: false }), peer.continuation(bomb.subarray(half))],
      ]) {
        const connection = connect(NAME, { maxMessageLength: 1024 * 1024 });
        expect(connection.receive(stream(...frames))).toMatchObject([
          { type: 'error', error: { code: 'WSIMD_MESSAGE_TOO_LONG', closeCode: 1009 } },
        ]);
      }
    });
  });

  describe('how messages are delivered', () => {
    const long = '長い text '.repeat(20_000);

    it.each(['', 'ascii', 'grün, 漢字, 🎉', long, 'x'.repeat(65536), 'x'.repeat(65537), `${'x'.repeat(65535)}é`])(
      'as strings and as bytes',
      (message) => {
        const payload = new DeflatingPeer().deflate(message);
        const bytes = () => stream(text(payload));
        expect(connect().receive(bytes())).toEqual([{ type: 'text', text: message }]);
        expect(connect(NAME, { textAs: 'bytes' }).receive(bytes())).toEqual([
          { type: 'textBytes', bytes: bytesOf(message) },
        ]);
        expect(connect().receive(stream(peer.frame(BINARY, payload, RSV1)))).toEqual([
          { type: 'binary', data: bytesOf(message) },
        ]);
      },
    );

    it('in pieces', () => {
      const connection = connect(NAME, { deliver: 'pieces' });
      const peerDeflate = new DeflatingPeer();
      const events = connection.receive(
        stream(text(peerDeflate.deflate('short')), text(peerDeflate.deflate(long)), text(peerDeflate.deflate('after'))),
      );
      expect(events[0]).toEqual({ type: 'text', text: 'short' });
      expect(events.at(-1)).toEqual({ type: 'text', text: 'after' });
      const pieces = events.slice(1, -1).map((event) => (event.type === 'piece' ? event : expect.unreachable()));
      expect(concat(...pieces.map(({ data }) => data))).toEqual(bytesOf(long));
      expect(pieces.map(({ isFirst }) => isFirst)).toEqual(pieces.map((_, i) => i === 0));
      expect(pieces.map(({ isLast }) => isLast)).toEqual(pieces.map((_, i) => i === pieces.length - 1));
      for (const { data, opcode } of pieces) {
        expect(data.length).toBeLessThanOrEqual(65536);
        expect(opcode).toBe('text');
      }
    });
  });

  describe('what is delivered in pieces, and what is longer than the kernel takes at once', () => {
    /** Incompressible, so that the kernel gets it in more than one call. */
    const noise = randomBytes(200_000, 7);

    it('short messages come whole, as what was asked for', () => {
      const payload = new DeflatingPeer().deflate('grün');
      const bytes = stream(text(payload), peer.frame(BINARY, new DeflatingPeer().deflate('grün'), RSV1));
      const whole = { type: 'binary', data: bytesOf('grün') };
      expect(connect(NAME, { deliver: 'pieces' }).receive(bytes.slice())).toEqual([
        { type: 'text', text: 'grün' },
        whole,
      ]);
      expect(connect(NAME, { deliver: 'pieces', textAs: 'bytes' }).receive(bytes.slice())).toEqual([
        { type: 'textBytes', bytes: bytesOf('grün') },
        whole,
      ]);
    });

    it('a message that does not shrink, whole and in pieces, in one frame and in two', () => {
      for (const level of [0, 9]) {
        const payload = new DeflatingPeer({ zlib: { level } }).deflate(noise);
        expect(payload.length).toBeGreaterThan(noise.length);
        for (const frames of [
          [peer.frame(BINARY, payload, RSV1)],
          [
            peer.frame(BINARY, payload.subarray(0, 70_000), { ...RSV1, fin: false }),
            peer.continuation(payload.subarray(70_000)),
          ],
        ]) {
          expect(connect().receive(stream(...frames))).toEqual([{ type: 'binary', data: noise }]);
          const pieces = connect(NAME, { deliver: 'pieces' }).receive(stream(...frames));
          expect(
            concat(...pieces.map((event) => (event.type === 'piece' ? event.data : expect.unreachable()))),
          ).toEqual(noise);
        }
      }
    });

    it('a block that gives nothing for a whole call of the kernel makes no empty piece', () => {
      // Empty stored blocks: 100,000 bytes of them before the text.
      const empty = concat(...Array.from({ length: 20_000 }, () => Uint8Array.of(0, 0, 0, 0xff, 0xff)));
      const bytes = () => stream(text(concat(empty, HELLO)));
      for (const deliver of ['messages', 'pieces'] as const) {
        expect(connect(NAME, { deliver }).receive(bytes())).toEqual([{ type: 'text', text: 'Hello' }]);
      }
    });

    it('fragments are counted before anything is inflated', () => {
      const fragments = [text(HELLO.slice(0, 1), { fin: false }), peer.continuation([HELLO[1]!], { fin: false })];
      const bytes = stream(peer.text('before'), ...fragments, peer.continuation(HELLO.slice(2)), peer.text('behind'));
      expect(connect(NAME, { maxFragments: 3 }).receive(bytes.slice())).toEqual(
        ['before', 'Hello', 'behind'].map((text) => ({ type: 'text', text })),
      );
      expect(connect(NAME, { maxFragments: 2 }).receive(bytes.slice())).toMatchObject([
        { type: 'text', text: 'before' },
        { type: 'error', error: { code: 'WSIMD_TOO_MANY_FRAGMENTS', closeCode: 1008 } },
      ]);
    });

    it('a server that answered nothing has no compression', () => {
      for (const answer of ['', 'x-other', `${NAME}; no_such_parameter`]) {
        expect(deflate.forServer(answer === '' ? [] : parseExtensions(answer))).toBeUndefined();
      }
      connect().receiveEnd();
    });
  });

  describe('with every combination of parameters', () => {
    const BITS = [8, 9, 10, 11, 12, 13, 14, 15];
    const options: PerMessageDeflateOptions = { threshold: 0, poolLength: 2 ** 22 };

    it.each(BITS)('messages of zlib with a window of %i bits', (bits) => {
      for (const takeover of [true, false]) {
        const connection = connect(
          `${NAME}; server_max_window_bits=${bits}${takeover ? '' : '; server_no_context_takeover'}`,
        );
        const zlib = new DeflatingPeer({ windowBits: bits, takeover });
        for (let i = 0; i < 100; i++) {
          const message = JSON.stringify({ id: i, name: `user ${i % 7}`, tags: ['a', 'b'], x: 'é'.repeat(i % 90) });
          expect(connection.receive(stream(text(zlib.deflate(message))))).toEqual([{ type: 'text', text: message }]);
        }
        connection.receiveEnd();
      }
    });

    it('agrees with itself on both sides', () => {
      for (const [server, client] of [
        [options, options],
        [{ ...options, deflateTakeover: false }, options],
        [{ ...options, inflateTakeover: false }, options],
        [options, { ...options, deflateTakeover: false }],
        [options, { ...options, inflateTakeover: false }],
        [
          { ...options, deflateWindowBits: 15, inflateWindowBits: 15 },
          { ...options, deflateWindowBits: 15 },
        ],
        [
          { ...options, deflateWindowBits: 8, inflateWindowBits: 8 },
          { ...options, inflateWindowBits: 9 },
        ],
        [{ ...options, poolLength: 0 }, options],
      ] as const) {
        const ours = new PerMessageDeflate({ ...server, kernel });
        const theirs = new PerMessageDeflate({ ...client, kernel });
        const pair = new ConnectedPair({ perMessageDeflate: { client: theirs, server: ours } });
        const messages = Array.from({ length: 50 }, (_, i) => `message ${i}: ${'ab'.repeat(i * 7)} ${i % 5}`);
        for (const message of messages) {
          pair.server.connection.sendText(message);
          pair.settle();
          pair.client.connection.sendText(message);
          pair.settle();
        }
        expect([pair.client.texts, pair.server.texts]).toEqual([messages, messages]);
        pair.cut();
        expect([ours.poolUse.contexts, theirs.poolUse.contexts]).toEqual([0, 0]);
      }
      connect().receiveEnd();
    });
  });
});
