// src/messages/: frames → messages, as events, of every kind and length. What a handler may do is in
// handlers.test.ts, what it owns in owned-chunks.test.ts; what is right and wrong on the wire is in test/spec.

import { describe, expect, it } from 'vitest';
import type { KernelName } from '../../../../src/kernel/kernel.js';
import type { MessageEvent } from '../../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../../src/messages/receive/message-decoder.js';
import { cutInto } from '../../../support/frames/cuts.js';
import { recorder } from '../../../support/frames/recorder.js';
import { BINARY, bytesOf, concat, hex, Peer, stream, wire } from '../../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../../../support/oracles/replay.js';

const ROLES = ['server', 'client'] as const;

describe.each(KERNEL_NAMES)('MessageDecoder on the %s kernel', (kernel: KernelName) => {
  function decoderFor(options: Partial<MessageDecoderOptions> = {}): MessageDecoder {
    return new MessageDecoder({ role: 'server', kernel, ...options });
  }

  const server = new Peer('server');

  it('says which kernel decodes, and how far it is', () => {
    const decoder = decoderFor();
    expect(decoder.kernelName).toBe(kernel);
    expect([decoder.position, decoder.bufferedLength, decoder.isDone, decoder.error]).toEqual([0, 0, false, undefined]);
    decoder.decode(stream(server.text('Hello')).subarray(0, 9));
    expect([decoder.position, decoder.bufferedLength]).toEqual([9, 5]);
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

  it('allowRsv1, which is for callers that join frames themselves, does nothing here', () => {
    const decoder = new MessageDecoder({ role: 'server', allowRsv1: true } as never);
    const [event] = decoder.decode(wire(peer.frame(BINARY, 'deflated', { rsv: 4 })));
    expect(event?.type).toBe('error');
  });
});
