// src/messages/: frames → messages, as events and as calls on a handler; who owns what is delivered; what a handler may do;
// how much memory is held. What is right and wrong on the wire is in test/conformance.

import { describe, expect, it, vi } from 'vitest';
import { Connection } from '../../src/connection.js';
import type { ProtocolError } from '../../src/errors.js';
import { FrameEncoder } from '../../src/frames/frame-encoder.js';
import type { KernelName } from '../../src/kernel/kernel.js';
import type { MessageEvent, MessageHandler } from '../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../src/messages/message-decoder.js';
import { cutAtRandom, cutInto, splitPoints } from '../support/cuts.js';
import { createRandom, randomBytes } from '../support/random.js';
import { describeEvents, KERNEL_NAMES } from '../support/replay.js';
import { BINARY, bytesOf, concat, hex, Peer, stream, wire } from '../support/wire.js';

const ROLES = ['server', 'client'] as const;

/** A handler that writes down what it is called with. */
function recorder(lines: string[] = []): Required<MessageHandler> & { lines: string[] } {
  return {
    lines,
    onText: (text) => lines.push(`text ${text}`),
    onTextBytes: (bytes) => lines.push(`textBytes ${hex(bytes)}`),
    onBinary: (data) => lines.push(`binary ${hex(data)}`),
    onFragments: (fragments) => lines.push(`fragments ${fragments.map(hex).join(', ')}`),
    onPiece: (piece) => lines.push(`piece ${piece.opcode} ${hex(piece.data)}`),
    onPing: (payload) => lines.push(`ping ${hex(payload)}`),
    onPong: (payload) => lines.push(`pong ${hex(payload)}`),
    onClose: (closeCode, reason) => lines.push(`close ${closeCode} ${reason}`),
    onError: (error: ProtocolError) => lines.push(`error ${error.code}`),
  };
}

describe.each(KERNEL_NAMES)('MessageDecoder on the %s kernel', (kernel: KernelName) => {
  function decoderFor(options: Partial<MessageDecoderOptions> = {}): MessageDecoder {
    return new MessageDecoder({ role: 'server', kernel, ...options });
  }

  const server = new Peer('server');
  const client = new Peer('client');

  it('says which kernel decodes, and how far it is', () => {
    const decoder = decoderFor();
    expect(decoder.kernelName).toBe(kernel);
    expect([decoder.position, decoder.bufferedLength, decoder.isDone, decoder.error]).toEqual([0, 0, false, undefined]);
    decoder.decode(stream(server.text('Hello')).subarray(0, 9));
    expect([decoder.position, decoder.bufferedLength]).toEqual([9, 3]);
  });

  it('delivers every kind of event, in order', () => {
    const bytes = stream(
      server.text('grün'),
      server.binary([1, 2]),
      server.ping('p'),
      server.pong('q'),
      server.text('frag', { fin: false }),
      server.continuation('ment'),
      server.close(4000, 'bye'),
    );
    expect(decoderFor().decode(bytes)).toEqual([
      { type: 'text', text: 'grün' },
      { type: 'binary', data: Uint8Array.of(1, 2) },
      { type: 'ping', payload: bytesOf('p') },
      { type: 'pong', payload: bytesOf('q') },
      { type: 'text', text: 'fragment' },
      { type: 'close', closeCode: 4000, reason: 'bye' },
    ]);
  });

  it('delivers the error as the last event, and keeps it', () => {
    const decoder = decoderFor();
    const events = decoder.decode(stream(server.text('a'), server.frame(3, ''), server.text('b')));
    expect(events.map((event) => event.type)).toEqual(['text', 'error']);
    const error = (events[1] as Extract<MessageEvent, { type: 'error' }>).error;
    expect(error).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE', closeCode: 1002, offset: 7 });
    expect(decoder.error).toBe(error);
    expect(decoder.decode(stream(server.text('c')))).toEqual([]);
    expect(decoder.decode(new Uint8Array(0))).toEqual([]);
  });

  it('takes empty chunks, Buffers and parts of buffers', () => {
    const decoder = decoderFor();
    const bytes = stream(server.text('one'), server.binary('two'), server.text('three'));
    expect(decoder.decode(new Uint8Array(0))).toEqual([]);
    const padded = concat(new Uint8Array(3).fill(0xff), bytes, new Uint8Array(3).fill(0xff));
    const expected = ['text "one"', 'binary 74776f', 'text "three"'];
    expect(describeEvents(decoder.decode(Buffer.from(bytes)))).toEqual(expected);
    expect(describeEvents(decoder.decode(padded.subarray(3, -3)))).toEqual(expected);
    expect([...padded.subarray(0, 3), ...padded.subarray(-3)]).toEqual(new Array(6).fill(0xff));
  });

  it.each([0, 1, 125, 126, 127, 65535, 65536, 65537, 200_000, 1_572_864])('takes messages of %i bytes', (length) => {
    const data = randomBytes(length, length);
    const text = 'äöü and ASCII, '.repeat(Math.ceil(length / 15)).slice(0, length - (length >> 2));
    for (const role of ROLES) {
      const peer = new Peer(role);
      const half = length >> 1;
      const bytes = stream(
        peer.text('<'),
        peer.binary(data),
        peer.text(text),
        peer.binary(data.subarray(0, half), { fin: false }),
        peer.ping(),
        peer.continuation(data.subarray(half)),
        peer.text('>'),
      );
      for (const cut of [bytes.length, 65536, 16_384, 1460]) {
        if (bytes.length / cut > 1000) continue;
        const decoder = decoderFor({ role });
        const events = cutInto(bytes.slice(), cut).flatMap((chunk) => decoder.decode(chunk));
        expect(events.map((event) => event.type)).toEqual(['text', 'binary', 'text', 'ping', 'binary', 'text']);
        for (const event of [events[1], events[4]]) {
          expect(event?.type === 'binary' && Buffer.compare(event.data, data)).toBe(0);
        }
        expect(events[2]?.type === 'text' && events[2].text === text).toBe(true);
        expect(decoder.bufferedLength).toBe(0);
      }
    }
  });

  it.each([65520, 65526, 65527, 65528, 65529, 65530])(
    'takes what lies behind a first message of %i bytes in one chunk',
    (length) => {
      // With its header of 8 bytes it ends just before, at or behind the end of a slab, of which it is the only message.
      const text = 'a'.repeat(length);
      for (const first of [server.text(text), server.binary(text)]) {
        for (const behind of [[], [server.text('é')], [server.binary('x'), server.ping('y'), server.text('z')]]) {
          const events = decoderFor().decode(stream(first, ...behind));
          const [event, ...others] = describeEvents(events);
          expect(event === (first.opcode === BINARY ? `binary ${hex(bytesOf(text))}` : `text "${text}"`)).toBe(true);
          expect(others).toEqual(describeEvents(decoderFor().decode(stream(...behind))));
        }
      }
    },
  );

  it('makes strings of any text: ASCII, marks, emoji, and no lone surrogate', () => {
    const texts = [
      '',
      'plain',
      '\0',
      '\ufeffmark',
      '\ufeff',
      'äöü'.repeat(100),
      '🤷‍♀️ 👩‍👩‍👧 🇪🇺',
      '𝄞'.repeat(20_000),
      'a'.repeat(65_000),
      `${'a'.repeat(65_000)}€`,
      '\u{10ffff}\uffff',
    ];
    for (const options of [{}, { ownsChunks: false }]) {
      for (const cut of [1_000_000, 4099, 7]) {
        const decoder = decoderFor(options);
        for (const text of texts) {
          const bytes = stream(server.text(text));
          if (bytes.length / cut > 12_000) continue;
          const events = cutInto(bytes, cut).flatMap((chunk) => decoder.decode(chunk));
          expect(events.length === 1 && events[0]!.type === 'text' && events[0]!.text === text).toBe(true);
        }
      }
    }
  });

  it('puts U+FFFD for what is no UTF-8 where nobody validates, however it comes', () => {
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
    const random = createRandom(5);
    for (const length of [1, 2, 3, 7, 16, 33, 100, 1000, 65_536, 140_000]) {
      for (let i = 0; i < (length > 1000 ? 2 : 20); i++) {
        const bad = randomBytes(length, length + i).map((byte, at) => (at % 3 === 0 ? byte : byte | 0x80));
        const cut = random() % (length + 1);
        const bytes = stream(
          server.text(bad),
          server.text(bad.subarray(0, cut), { fin: false }),
          server.continuation(bad.subarray(cut)),
          server.text('good €'),
        );
        const expected = [lenient.decode(bad), lenient.decode(bad), 'good €'];
        for (const point of [bytes.length, random() % bytes.length]) {
          const decoder = decoderFor({ skipUtf8Validation: true });
          const events = [bytes.slice(0, point), bytes.slice(point)].flatMap((chunk) => decoder.decode(chunk));
          const texts = events.map((event) => (event.type === 'text' ? event.text : event.type));
          expect(texts.length === 3 && texts.every((text, at) => text === expected[at]), `${length}`).toBe(true);
        }
      }
    }
  });

  it('makes one string of ASCII fragments and others', () => {
    const decoder = decoderFor();
    const parts = ['only ASCII', 'größer', '', 'ASCII again', '€'];
    for (let last = 1; last <= parts.length; last++) {
      const frames = parts
        .slice(0, last)
        .map((part, i) => server.frame(i === 0 ? 1 : 0, part, { fin: i === last - 1 }));
      expect(decoder.decode(stream(...frames))).toEqual([{ type: 'text', text: parts.slice(0, last).join('') }]);
    }
  });

  describe('owning its chunks', () => {
    it('gives binary messages as parts of the chunk, unmasked in place', () => {
      const payloads = [randomBytes(100, 1), randomBytes(0, 2), randomBytes(5000, 3), randomBytes(1, 4)];
      const chunk = stream(server.text('first'), ...payloads.map((data) => server.binary(data)), server.ping('last'));
      const events = decoderFor()
        .decode(chunk)
        .filter((event) => event.type === 'binary');
      expect(events).toHaveLength(4);
      for (const [i, { data }] of events.entries()) {
        expect(data.buffer).toBe(chunk.buffer);
        expect([...data]).toEqual([...payloads[i]!]);
      }
    });

    it('gives Buffers of a Buffer, and arrays of an array', () => {
      const bytes = stream(server.binary('a'), server.binary(''));
      for (const chunk of [Buffer.from(bytes), bytes.slice()]) {
        for (const event of decoderFor().decode(chunk)) {
          expect(event.type === 'binary' && Buffer.isBuffer(event.data)).toBe(Buffer.isBuffer(chunk));
        }
      }
    });

    it('writes nowhere but into the chunk', () => {
      const buffer = new Uint8Array(300).fill(0xcc);
      const bytes = stream(server.binary(randomBytes(50, 5)), server.ping('x'), server.binary(randomBytes(30, 6)));
      for (const at of [0, 1, 7, 64]) {
        buffer.fill(0xcc).set(bytes, at);
        decoderFor().decode(buffer.subarray(at, at + bytes.length));
        expect(buffer.subarray(0, at).every((byte) => byte === 0xcc)).toBe(true);
        expect(buffer.subarray(at + bytes.length).every((byte) => byte === 0xcc)).toBe(true);
      }
    });

    it('gives unmasked messages in place too', () => {
      const chunk = stream(client.binary([1, 2, 3]), client.text('x'), client.binary([4]));
      const copy = chunk.slice();
      const events = decoderFor({ role: 'client' }).decode(chunk);
      expect(events[0]).toMatchObject({ data: Uint8Array.of(1, 2, 3) });
      expect((events[2] as { data: Uint8Array }).data.buffer).toBe(chunk.buffer);
      expect(chunk).toEqual(copy);
    });

    it('gives what lies whole in a slab of a long chunk in place, in every slab', () => {
      const payloads = Array.from({ length: 40 }, (_, i) => randomBytes(6000 + i, i));
      const chunk = stream(...payloads.map((data) => server.binary(data)));
      const events = decoderFor().decode(chunk);
      expect(events).toHaveLength(40);
      let inPlace = 0;
      for (const [i, event] of events.entries()) {
        if (event.type !== 'binary') return expect.unreachable();
        expect(Buffer.compare(event.data, payloads[i]!)).toBe(0);
        if (event.data.buffer === chunk.buffer) inPlace++;
      }
      expect(inPlace).toBeGreaterThanOrEqual(36);
    });

    it('keeps good messages before an error in the same chunk', () => {
      const data = randomBytes(100, 7);
      const chunk = stream(server.binary(data), server.text([0x61, 0xff]), server.binary(data));
      const [event, error] = decoderFor().decode(chunk);
      expect(event).toEqual({ type: 'binary', data });
      expect(error?.type).toBe('error');
    });
  });

  describe('not owning its chunks', () => {
    it.each([{}, { textAs: 'bytes' as const }, { deliver: 'pieces' as const }])(
      'leaves them as they are, %j',
      (options) => {
        for (const role of ROLES) {
          const peer = new Peer(role);
          const bytes = stream(
            peer.binary(randomBytes(100, 1)),
            peer.text('grün'),
            peer.ping('x'),
            peer.binary(randomBytes(50, 2), { fin: false }),
            peer.continuation(randomBytes(70_000, 3)),
            peer.text([0xff]),
          );
          for (const point of splitPoints(bytes.length)) {
            const copy = bytes.slice();
            const decoder = decoderFor({ ...options, role, ownsChunks: false });
            decoder.decode(copy.subarray(0, point));
            decoder.decode(copy.subarray(point));
            if (Buffer.compare(copy, bytes) !== 0) expect.unreachable(`cut at ${point}`);
          }
        }
      },
    );

    it('gives messages that the chunk does not reach', () => {
      const chunk = stream(server.binary([1, 2, 3]), client.binary([4, 5]));
      const decoder = decoderFor({ role: 'observer', ownsChunks: false });
      const events = decoder.decode(chunk);
      chunk.fill(0);
      decoder.decode(stream(server.binary(new Uint8Array(200).fill(0xee))));
      expect(events).toEqual([
        { type: 'binary', data: Uint8Array.of(1, 2, 3) },
        { type: 'binary', data: Uint8Array.of(4, 5) },
      ]);
      for (const event of events) expect(event.type === 'binary' && event.data.buffer.byteLength).toBeLessThan(4);
    });
  });

  describe('textAs: bytes', () => {
    it('gives the UTF-8, whole, in fragments, over chunks', () => {
      const long = 'äöü'.repeat(30_000);
      const bytes = stream(
        server.text(''),
        server.text('grün'),
        server.text('fr', { fin: false }),
        server.continuation('agment'),
        server.text(long),
      );
      for (const options of [{ ownsChunks: true }, { ownsChunks: false }]) {
        for (const cut of [1_000_000, 1000, 11]) {
          const decoder = decoderFor({ ...options, textAs: 'bytes' });
          const events = cutInto(bytes.slice(), cut).flatMap((chunk) => decoder.decode(chunk));
          expect(events.map((event) => event.type)).toEqual(new Array(4).fill('textBytes'));
          const texts = events.map((event) => (event.type === 'textBytes' ? Buffer.from(event.bytes).toString() : ''));
          expect(texts[3] === long && texts.slice(0, 3)).toEqual(['', 'grün', 'fragment']);
        }
      }
    });

    it('drops texts where the handler has no method for them', () => {
      const { onTextBytes: _, lines, ...handler } = recorder();
      decoderFor({ textAs: 'bytes' }).dispatch(stream(server.text('x'), server.ping()), handler);
      expect(lines).toEqual(['ping ']);
    });
  });

  describe('deliver: pieces', () => {
    it('gives whole messages whole, and others as they arrive', () => {
      const bytes = stream(
        server.text('whole'),
        server.binary('abcdef'),
        server.text('xy', { fin: false }),
        server.ping('!'),
        server.continuation('z'),
      );
      const decoder = decoderFor({ deliver: 'pieces' });
      const events = [bytes.subarray(0, 20), bytes.subarray(20)].flatMap((chunk) => decoder.decode(chunk.slice()));
      const piece = { type: 'piece', opcode: 'binary' };
      const textPiece = { type: 'piece', opcode: 'text' };
      expect(events).toEqual([
        { type: 'text', text: 'whole' },
        { ...piece, data: bytesOf('abc'), isFirst: true, isLast: false },
        { ...piece, data: bytesOf('def'), isFirst: false, isLast: true },
        { ...textPiece, data: bytesOf('xy'), isFirst: true, isLast: false },
        { type: 'ping', payload: bytesOf('!') },
        { ...textPiece, data: bytesOf('z'), isFirst: false, isLast: true },
      ]);
    });

    it('holds nothing of a long message', () => {
      const data = randomBytes(1_000_000, 1);
      const decoder = decoderFor({ deliver: 'pieces' });
      const pieces: Uint8Array[] = [];
      for (const chunk of cutInto(wire(server.binary(data)), 10_000)) {
        for (const event of decoder.decode(chunk.slice())) if (event.type === 'piece') pieces.push(event.data);
        expect(decoder.bufferedLength).toBe(0);
      }
      expect(pieces.length).toBeGreaterThan(99);
      expect(Buffer.compare(concat(...pieces), data)).toBe(0);
    });

    it('owns its pieces as it owns messages', () => {
      const chunk = stream(server.binary('abc', { fin: false }));
      const copy = chunk.slice();
      const [owned] = decoderFor({ deliver: 'pieces' }).decode(chunk);
      expect(owned?.type === 'piece' && owned.data.buffer).toBe(chunk.buffer);
      const [copied] = decoderFor({ deliver: 'pieces', ownsChunks: false }).decode(copy);
      expect(copied?.type === 'piece' && copied.data.buffer).not.toBe(copy.buffer);
    });

    it('ends a message with an empty piece where its last fragment is empty', () => {
      const events = decoderFor({ deliver: 'pieces' }).decode(
        stream(server.text('', { fin: false }), server.continuation('a', { fin: false }), server.continuation('')),
      );
      const flags = events.map((event) => event.type === 'piece' && [event.data.length, event.isFirst, event.isLast]);
      expect(flags).toEqual([
        [0, true, false],
        [1, false, false],
        [0, false, true],
      ]);
    });

    it('drops pieces where the handler has no method for them', () => {
      const { onPiece: _, lines, ...handler } = recorder();
      decoderFor({ deliver: 'pieces' }).dispatch(stream(server.text('x', { fin: false }), server.ping()), handler);
      expect(lines).toEqual(['ping ']);
    });

    it('keeps to maxMessageLength', () => {
      const decoder = decoderFor({ deliver: 'pieces', maxMessageLength: 3 });
      const events = decoder.decode(stream(server.text('ab', { fin: false }), server.continuation('cd')));
      expect(events.map((event) => event.type)).toEqual(['piece', 'error']);
      expect(decoder.error?.code).toBe('WSIMD_MESSAGE_TOO_LONG');
    });
  });

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

    it('that throws loses no error and no Close', () => {
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

  describe('memory', () => {
    it('is taken for what came, not for what is claimed: 1 GiB declared, two bytes sent', () => {
      const before = process.memoryUsage().arrayBuffers;
      const decoders = Array.from({ length: 2000 }, (_, i) => {
        const decoder = decoderFor({ maxMessageLength: 2 ** 32 });
        const peer =
          i % 2 === 0 ? server.binary('ab', { claimed: 2n ** 30n }) : server.text('ab', { claimed: 2n ** 30n });
        decoder.decode(wire(peer));
        expect(decoder.bufferedLength).toBe(2);
        return decoder;
      });
      const each = (process.memoryUsage().arrayBuffers - before) / decoders.length;
      expect(each).toBeLessThan(1024);
      expect(decoders.every((decoder) => !decoder.isDone)).toBe(true);
    });

    it('is bounded over a million empty and one-byte fragments, and all is well behind them', () => {
      const decoder = decoderFor({ role: 'client' });
      // The portable kernel takes 25 times as long.
      const FRAGMENTS = kernel === 'wasm' ? 1_000_000 : 200_000;
      const empty = new Uint8Array(2 * 50_000);
      const single = new Uint8Array(3 * 50_000);
      for (let i = 0; i < single.length; i += 3) single.set([0, 1, 0x61], i);
      decoder.decode(stream(client.text('', { fin: false })));
      const before = process.memoryUsage().arrayBuffers;
      for (let i = 0; i < FRAGMENTS; i += 50_000) {
        expect(decoder.decode(empty.slice())).toEqual([]);
        expect(decoder.bufferedLength).toBe(0);
      }
      for (let i = 0; i < FRAGMENTS; i += 50_000) expect(decoder.decode(single.slice())).toEqual([]);
      expect(decoder.bufferedLength).toBe(FRAGMENTS);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
      const [event] = decoder.decode(stream(client.continuation('!')));
      expect(event?.type === 'text' && event.text === `${'a'.repeat(FRAGMENTS)}!`).toBe(true);
      expect(decoder.bufferedLength).toBe(0);

      const ordinary = new Uint8Array(3 * 50_000);
      for (let i = 0; i < ordinary.length; i += 3) ordinary.set([0x82, 1, i % 251], i);
      let count = 0;
      const onBinary = (data: Uint8Array) => {
        count += data.length;
      };
      const handler = { ...recorder(), onBinary };
      for (let i = 0; i < FRAGMENTS; i += 50_000) decoder.dispatch(ordinary.slice(), handler);
      expect(count).toBe(FRAGMENTS);
    });

    it('of a message is given up with an error and with a Close', () => {
      for (const last of [server.close(), server.frame(5, '')]) {
        const decoder = decoderFor();
        decoder.decode(stream(server.binary(new Uint8Array(5000), { fin: false })));
        decoder.decode(wire(server.ping('12345678')).subarray(0, 8));
        expect(decoder.bufferedLength).toBe(5002);
        decoder.decode(wire(server.ping('12345678')).subarray(8));
        decoder.decode(wire(last));
        expect(decoder.bufferedLength).toBe(0);
      }
    });

    it('of an error inside a cut control frame is given up', () => {
      const decoder = decoderFor();
      const bytes = stream(server.close(1000, [0x61, 0xff]));
      decoder.decode(bytes.slice(0, -1));
      expect(decoder.bufferedLength).toBe(3);
      expect(decoder.decode(bytes.slice(-1))[0]?.type).toBe('error');
      expect(decoder.bufferedLength).toBe(0);
    });
  });

  describe('many connections on one arena', () => {
    it('do not see each other, and no message holds bytes of an earlier one', () => {
      const random = createRandom(42);
      const MARKER = 0xee;
      // The arena, the scratch and the pools are full of the marker before, and again and again in between.
      const polluter = decoderFor();
      const pollute = () => polluter.decode(stream(server.binary(new Uint8Array(66_000).fill(MARKER))));
      pollute();
      const connections = Array.from({ length: 60 }, (_, id) => {
        const role = ROLES[id % 2]!;
        const peer = new Peer(role);
        const own = (length: number) => new Uint8Array(length).fill(id);
        const frames = Array.from({ length: 6 }, () => {
          const [a, b] = [random() % 400, random() % 400];
          const kinds = [
            [peer.binary(own(a))],
            [peer.ping(own(a % 126)), peer.pong(own(b % 126))],
            [peer.binary(own(a), { fin: false }), peer.ping(own(3)), peer.continuation(own(b))],
            [peer.text(own(a)), peer.binary(own(b))],
          ];
          return kinds[random() % kinds.length]!;
        }).flat();
        const options = [{}, { ownsChunks: false }, { deliver: 'pieces' as const }, { textAs: 'bytes' as const }][
          id % 4
        ]!;
        return {
          id,
          decoder: decoderFor({ role, ...options }),
          chunks: cutAtRandom(stream(...frames), 90, random).map((chunk) => chunk.slice()),
          expected:
            frames.filter((frame) => frame.opcode > 7).length +
            frames.filter((frame) => frame.opcode < 8 && frame.fin !== false).length,
          lines: [] as string[],
          events: [] as MessageEvent[],
        };
      });
      for (let live = [...connections]; live.length > 0; live = live.filter(({ chunks }) => chunks.length > 0)) {
        const connection = live[random() % live.length]!;
        connection.events.push(...connection.decoder.decode(connection.chunks.shift()!));
        if (random() % 50 === 0) pollute();
      }
      for (const { id, events, expected } of connections) {
        const lines = describeEvents(events);
        expect(lines).toHaveLength(expected);
        const character = JSON.stringify(String.fromCharCode(id))
          .slice(1, -1)
          .replace(/[\\^$.|?*+()[{]/g, '\\$&');
        const pattern = new RegExp(
          `^(text "(?:${character})*"|(binary|ping|pong) (?:${id.toString(16).padStart(2, '0')})*)$`,
        );
        for (const line of lines) expect(line).toMatch(pattern);
      }
    });
  });

  it('delivers bytes that may be transferred away, without harm to any other connection', () => {
    for (const length of [10, 100, 1000, 3000]) {
      const [here, there] = [decoderFor(), decoderFor()];
      const data = randomBytes(length, length);
      const first = stream(server.binary(data, { fin: false }));
      there.decode(first.slice());
      const [event] = here.decode(stream(server.binary(data, { fin: false }), server.continuation('!')));
      if (event?.type !== 'binary') return expect.unreachable();
      const { buffer } = event.data;
      try {
        structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      } catch {
        // A host may mark memory that is shared as not to be transferred.
      }
      expect(there.decode(stream(server.continuation('!')))).toEqual([
        { type: 'binary', data: concat(data, bytesOf('!')) },
      ]);
    }
  });

  it('pipes two connections into each other from inside their callbacks', () => {
    const LENGTHS = [0, 1, 125, 126, 1000, 65535, 65536, 70_000];
    const ends = {
      client: new Connection({ role: 'client', kernel }),
      server: new Connection({ role: 'server', kernel }),
    };
    const lines: string[] = [];
    let left = 30;
    const pump = (from: 'client' | 'server') => {
      const to = from === 'client' ? 'server' : 'client';
      const bytes = ends[from].takeOutgoing();
      // As a socket would: the chunk is the receiver's own.
      ends[to].dispatch(bytes.slice(), handlers[to]);
      ends[from].releaseOutgoing(bytes);
    };
    const handlerFor = (me: 'client' | 'server'): MessageHandler => ({
      ...recorder(),
      onText: (text) => {
        lines.push(`${me} text ${text.length}`);
        if (left-- <= 0) return;
        ends[me].sendBinary(randomBytes(LENGTHS[left % LENGTHS.length]!, left));
        pump(me);
      },
      onBinary: (data) => {
        lines.push(`${me} binary ${data.length}`);
        if (left-- <= 0) return;
        ends[me].sendText('x'.repeat(LENGTHS[left % LENGTHS.length]!));
        pump(me);
      },
    });
    const handlers = { client: handlerFor('client'), server: handlerFor('server') };
    ends.client.sendText('go');
    pump('client');
    expect(lines).toHaveLength(31);
    expect(lines.slice(0, 3)).toEqual([
      'server text 2',
      'client binary 70000'.replace('70000', `${LENGTHS[29 % 8]}`),
      `server text ${LENGTHS[28 % 8]}`,
    ]);
    expect(new Set(lines.filter((_, i) => i % 2 === 0).map((line) => line.split(' ')[0]))).toEqual(new Set(['server']));
    expect([ends.client.state, ends.server.state]).toEqual(['open', 'open']);
  });
});

describe('options and arguments', () => {
  const peer = new Peer('server');

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'abc'],
    ['a number', 3],
    ['an ArrayBuffer', stream(peer.text('lost')).buffer],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['16-bit words', Uint16Array.of(1, 2)],
    ['an array', [0x81, 0x80, 0, 0, 0, 0]],
  ])('%s is no chunk', (_name, chunk) => {
    const decoder = new MessageDecoder({ role: 'server' });
    expect(() => decoder.decode(chunk as never)).toThrow(TypeError);
    expect(decoder.position).toBe(0);
  });

  it.each([
    ['textAs', 'byte'],
    ['deliver', 'piece'],
    ['ownsChunks', 'no'],
    ['kernel', 'native'],
  ])('%s: %j is none', (name, value) => {
    expect(() => new MessageDecoder({ role: 'server', [name]: value })).toThrow();
  });

  it('no options are none', () => {
    expect(() => new MessageDecoder(undefined as never)).toThrow(TypeError);
    expect(() => new MessageDecoder({} as never)).toThrow(TypeError);
  });

  it('allowRsv1, which is for who joins frames himself, does nothing here', () => {
    const decoder = new MessageDecoder({ role: 'server', allowRsv1: true } as never);
    const [event] = decoder.decode(wire(peer.frame(BINARY, 'deflated', { rsv: 4 })));
    expect(event?.type).toBe('error');
  });
});
