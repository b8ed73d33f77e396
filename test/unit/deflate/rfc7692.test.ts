// RFC 7692 sections 5 to 7 on a connection, byte by byte: the RFC's own examples, RSV1, fragments, what is refused and with
// which close code. Messages come from node:zlib, or are written out. How they are delivered is in rfc7692-delivery.test.ts.

import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { splitPoints } from '../../support/frames/cuts.js';
import { BINARY, bytesOf, concat, Peer, PING, stream, TEXT } from '../../support/frames/wire.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { describeEvents } from '../../support/oracles/replay.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';
import { HELLO, NAME, RSV1, serverFor } from './compressing-server.js';

describe.each(DEFLATE_KERNELS)('permessage-deflate on the %s kernel', (kernel) => {
  const server = serverFor(kernel);
  const { connect, text } = server;
  const peer = new Peer('client');

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
      server.deflate.forClient(parseExtensions(NAME), parseExtensions(NAME))?.release();
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
      expect(server.deflate.poolUse.contexts).toBe(0);
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
});
