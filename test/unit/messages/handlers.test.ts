// src/messages/: what a handler is called with and what it may do: throw, feed any decoder, keep what it is given.

import { describe, expect, it, vi } from 'vitest';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import type { KernelName } from '../../../src/kernel/kernel.js';
import type { MessageHandler } from '../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../src/messages/receive/message-decoder.js';
import { cutInto } from '../../support/frames/cuts.js';
import { recorder } from '../../support/frames/recorder.js';
import { concat, hex, Peer, stream } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../../support/oracles/replay.js';

describe.each(KERNEL_NAMES)('MessageDecoder on the %s kernel', (kernel: KernelName) => {
  function decoderFor(options: Partial<MessageDecoderOptions> = {}): MessageDecoder {
    return new MessageDecoder({ role: 'server', kernel, ...options });
  }

  const server = new Peer('server');
  const client = new Peer('client');

  describe('a handler', () => {
    it('is called in order, with what belongs to it', () => {
      const handler = recorder();
      const bytes = stream(
        server.text('a'),
        server.binary('b'),
        server.ping('c'),
        server.pong('d'),
        server.close(1000, 'e'),
      );
      decoderFor().dispatch(bytes, handler);
      expect(handler.lines).toEqual(['text a', 'binary 62', 'ping 63', 'pong 64', 'close 1000 e']);
    });

    it('that throws gets the rest at the next call, in order, before anything new', () => {
      const handler = recorder();
      const boom = new Error('boom');
      const onText = vi.fn((text: string) => {
        handler.lines.push(`text ${text}`);
        if (text === '2') throw boom;
      });
      const decoder = decoderFor();
      const dispatch = (bytes: Uint8Array) => decoder.dispatch(bytes, { ...handler, onText });
      expect(() => dispatch(stream(server.text('1'), server.text('2'), server.binary('3'), server.text('4')))).toThrow(
        boom,
      );
      expect(handler.lines).toEqual(['text 1', 'text 2']);
      dispatch(stream(server.ping('5')));
      expect(handler.lines.slice(2)).toEqual(['binary 33', 'text 4', 'ping 35']);
    });

    it('that throws at each message gets them one a call, also from empty chunks', () => {
      const seen: string[] = [];
      const handler = recorder();
      const onText = (text: string) => {
        seen.push(text);
        throw new Error(text);
      };
      const decoder = decoderFor();
      const all = stream(...['a', 'b', 'c'].map((text) => server.text(text)));
      expect(() => decoder.dispatch(all, { ...handler, onText })).toThrow('a');
      for (const text of ['b', 'c']) {
        expect(() => decoder.dispatch(new Uint8Array(0), { ...handler, onText })).toThrow(text);
      }
      decoder.dispatch(new Uint8Array(0), { ...handler, onText });
      expect(seen).toEqual(['a', 'b', 'c']);
    });

    it('that throws loses no error and no Close frame', () => {
      for (const last of [server.close(1000), server.frame(3, '')]) {
        const handler = recorder();
        const decoder = decoderFor();
        const onText = () => {
          throw new Error('boom');
        };
        expect(() => decoder.dispatch(stream(server.text('a'), last), { ...handler, onText })).toThrow('boom');
        decoder.dispatch(stream(server.text('dropped')), handler);
        expect(handler.lines).toHaveLength(1);
        expect(handler.lines[0]).toMatch(/^(close|error)/);
      }
    });

    it('that throws does not disturb other decoders', () => {
      const throwing = decoderFor();
      const handler = recorder();
      const onBinary = () => {
        throw new Error('boom');
      };
      expect(() =>
        throwing.dispatch(stream(server.binary('x'), server.text('mine')), { ...handler, onBinary }),
      ).toThrow();
      const other = recorder();
      for (let i = 0; i < 20; i++) decoderFor().dispatch(stream(server.text(`${i}`)), other);
      expect(other.lines).toEqual(Array.from({ length: 20 }, (_, i) => `text ${i}`));
      throwing.dispatch(new Uint8Array(0), handler);
      expect(handler.lines).toEqual(['text mine']);
    });

    it('may feed another decoder', () => {
      const lines: string[] = [];
      const inner = decoderFor({ role: 'client' });
      const outer = decoderFor();
      const innerHandler = { ...recorder(), onText: (text: string) => lines.push(`inner ${text}`) };
      const handler = {
        ...recorder(),
        onText: (text: string) => {
          lines.push(`outer ${text}`);
          inner.dispatch(stream(client.text(`${text}1`), client.text(`${text}2`)), innerHandler);
        },
        onBinary: (data: Uint8Array) => lines.push(`outer ${hex(data)}`),
      };
      outer.dispatch(stream(server.text('a'), server.binary('x'), server.text('b')), handler);
      expect(lines).toEqual(['outer a', 'inner a1', 'inner a2', 'outer 78', 'outer b', 'inner b1', 'inner b2']);
    });

    it('may feed many others, each feeding the next', () => {
      const depth = 30;
      const lines: string[] = [];
      const decoders = Array.from({ length: depth }, () => decoderFor());
      const handlerAt = (level: number): MessageHandler => ({
        ...recorder(),
        onText: (text) => {
          lines.push(`${level} ${text}`);
          decoders[level + 1]?.dispatch(stream(server.text('x'), server.ping()), handlerAt(level + 1));
        },
      });
      decoders[0]!.dispatch(stream(server.text('go')), handlerAt(0));
      expect(lines).toEqual(Array.from({ length: depth }, (_, level) => `${level} ${level === 0 ? 'go' : 'x'}`));
    });

    it('may feed the same decoder: it comes behind what is being delivered', () => {
      const lines: string[] = [];
      const decoder = decoderFor();
      const handler = {
        ...recorder(),
        onText: (text: string) => {
          lines.push(text);
          if (text === 'a') {
            expect(decoder.decode(stream(server.text('c'), server.binary('d')))).toEqual([]);
            lines.push('still a');
          }
        },
        onBinary: (data: Uint8Array) => lines.push(hex(data)),
      };
      decoder.dispatch(stream(server.text('a'), server.text('b')), handler);
      expect(lines).toEqual(['a', 'still a', 'b', 'c', '64']);
      expect(decoder.decode(stream(server.text('e')))).toEqual([{ type: 'text', text: 'e' }]);
    });

    it('may feed the same decoder from the only message of a chunk, and the same comes of it', () => {
      for (const only of [server.text('a'), server.binary('a')]) {
        const lines: string[] = [];
        const decoder = decoderFor();
        const feed = (data: string) => {
          lines.push(data);
          if (data !== 'a') return;
          decoder.dispatch(stream(server.text('b')), handler);
          decoder.dispatch(stream(server.binary('c')), handler);
          expect(decoder.decode(stream(server.text('d'), server.ping()))).toEqual([]);
          lines.push('still a');
        };
        const handler: MessageHandler = {
          ...recorder(),
          onText: feed,
          onBinary: (data) => feed(Buffer.from(data).toString()),
          onPing: () => lines.push('ping'),
        };
        decoder.dispatch(stream(only), handler);
        expect(lines).toEqual(['a', 'still a', 'b', 'c', 'd', 'ping']);
        expect(decoder.decode(stream(server.text('e')))).toEqual([{ type: 'text', text: 'e' }]);
      }
    });

    it('may throw at the only message of a chunk: what it fed before comes at the next call', () => {
      const handler = recorder();
      const decoder = decoderFor();
      const onText = (text: string) => {
        handler.lines.push(`text ${text}`);
        if (text !== 'a') return;
        decoder.dispatch(stream(server.text('b'), server.text('c')), handler);
        throw new Error('boom');
      };
      expect(() => decoder.dispatch(stream(server.text('a')), { ...handler, onText })).toThrow('boom');
      decoder.dispatch(stream(server.text('d')), handler);
      expect(handler.lines).toEqual(['text a', 'text b', 'text c', 'text d']);
    });

    it('may feed the same decoder as often as it likes, without going deeper', () => {
      const decoder = decoderFor();
      let left = 20_000;
      const handler: MessageHandler = {
        ...recorder(),
        onText: () => {
          if (left-- > 0) decoder.dispatch(stream(server.text('x')), handler);
        },
      };
      decoder.dispatch(stream(server.text('x')), handler);
      expect(left).toBe(-1);
    });

    it('may encode, mask and validate while it is called', () => {
      const encoder = new FrameEncoder({ role: 'client', kernel });
      const echoes: Uint8Array[] = [];
      const handler = {
        ...recorder(),
        onText: (text: string) => echoes.push(encoder.encodeText(text)),
        onBinary: (data: Uint8Array) => echoes.push(encoder.encodeBinary(data)),
      };
      const data = randomBytes(5000, 1);
      const bytes = stream(server.binary(data), server.text('é'.repeat(500)), server.binary(data), server.text('end'));
      const expected = describeEvents(decoderFor().decode(bytes.slice()));
      decoderFor().dispatch(bytes, handler);
      expect(describeEvents(decoderFor().decode(concat(...echoes)))).toEqual(expected);
    });

    it('may keep what it is given: no later traffic changes it', () => {
      const kept: Uint8Array[] = [];
      const keep = (bytes: Uint8Array) => void kept.push(bytes);
      const handler = {
        ...recorder(),
        onBinary: keep,
        onPing: keep,
        onPong: keep,
        onTextBytes: keep,
        onPiece: ({ data }: { data: Uint8Array }) => keep(data),
      };
      for (const options of [{}, { ownsChunks: false }, { deliver: 'pieces' }, { textAs: 'bytes' }] as const) {
        const decoder = decoderFor(options);
        const first = stream(
          server.binary('aaaa'),
          server.ping('bbbb'),
          server.pong('cccc'),
          server.text('dddd'),
          server.binary('eeee', { fin: false }),
          server.continuation('ffff'),
        );
        for (const chunk of cutInto(first, 29)) decoder.dispatch(chunk.slice(), handler);
        const before = kept.map(hex);
        for (let i = 0; i < 20; i++)
          decoder.dispatch(stream(server.binary(new Uint8Array(5000).fill(0xee))), recorder());
        expect(kept.map(hex)).toEqual(before);
      }
    });
  });
});
