// RFC 7692 on a connection: how compressed messages are delivered, whole and in pieces, and with every combination of parameters.

import { describe, expect, it } from 'vitest';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { ConnectedPair } from '../../../src/testing/index.js';
import { BINARY, bytesOf, concat, Peer, stream } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';
import { HELLO, NAME, RSV1, serverFor } from './compressing-server.js';

describe.each(DEFLATE_KERNELS)('permessage-deflate on the %s kernel', (kernel) => {
  const server = serverFor(kernel);
  const { connect, text } = server;
  const peer = new Peer('client');

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
        expect(server.deflate.forServer(answer === '' ? [] : parseExtensions(answer))).toBeUndefined();
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
