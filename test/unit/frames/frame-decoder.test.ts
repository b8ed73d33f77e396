// src/frames/frame-decoder.ts and chunk-decoder.ts: the cursor over frames, its limits and errors, and what happens between two
// decoders on one arena. Whole frames are in decode-frames.test.ts; right and wrong on the wire are in test/spec.

import { describe, expect, it } from 'vitest';
import { DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions } from '../../../src/frames/chunk-decoder.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { MessageDecoder } from '../../../src/messages/receive/message-decoder.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { cutInto, splitPoints } from '../../support/frames/cuts.js';
import { BINARY, bytesOf, concat, MASKING_KEY, Peer, stream, TEXT, wire } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';
import { ACCESSORS, STALE } from './shown-frame.js';

const server = new Peer('server');
const client = new Peer('client');

describe.each(KERNEL_NAMES)('FrameDecoder on the %s kernel', (kernel) => {
  function decoderFor(role: DecoderOptions['role'], options: Partial<DecoderOptions> = {}): FrameDecoder {
    return new FrameDecoder({ ...options, role, kernel });
  }

  /** The shown frame, field by field. */
  function shown(decoder: FrameDecoder) {
    const fields = Object.fromEntries(ACCESSORS.map((name) => [name, decoder[name]]));
    return { ...fields, payload: decoder.payload() };
  }

  it('says which kernel decodes', () => {
    expect(decoderFor('server').kernelName).toBe(kernel);
  });

  describe('the cursor', () => {
    it('shows every field of a masked frame', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('Hello')));
      expect(decoder.next()).toBe(true);
      expect(shown(decoder)).toEqual({
        fin: true,
        rsv1: false,
        rsv2: false,
        rsv3: false,
        opcode: TEXT,
        masked: true,
        isStart: true,
        isEnd: true,
        isAscii: true,
        headerLength: 6,
        length: 5,
        payloadLength: 5,
        pieceOffset: 0,
        maskingKey: Uint8Array.from(MASKING_KEY),
        ptr: expect.any(Number),
        payload: bytesOf('Hello'),
      });
      expect(decoder.next()).toBe(false);
    });

    it('shows every field of an unmasked first fragment with RSV1', () => {
      const decoder = decoderFor('client', { allowRsv1: true });
      decoder.push(stream(client.binary([1, 2, 3], { fin: false, rsv: 4 })));
      decoder.next();
      expect(shown(decoder)).toMatchObject({
        fin: false,
        rsv1: true,
        rsv2: false,
        rsv3: false,
        opcode: BINARY,
        masked: false,
        maskingKey: undefined,
        isAscii: false,
        headerLength: 2,
        payload: Uint8Array.of(1, 2, 3),
      });
    });

    it('keeps all four bytes of a masking key', () => {
      const decoder = decoderFor('server');
      const maskingKey = [0xff, 0x80, 0x00, 0xfe];
      decoder.push(stream(server.text('key', { maskingKey })));
      decoder.next();
      expect(decoder.maskingKey).toEqual(Uint8Array.from(maskingKey));
    });

    it.each([
      [0, 2],
      [125, 2],
      [126, 4],
      [65535, 4],
      [65536, 10],
    ])('counts the header of %i bytes', (length, headerLength) => {
      for (const role of ['client', 'server'] as const) {
        const decoder = decoderFor(role);
        decoder.push(wire(new Peer(role).binary(new Uint8Array(length))));
        expect(decoder.next()).toBe(true);
        expect(decoder.headerLength).toBe(headerLength + (role === 'server' ? 4 : 0));
        expect(decoder.payloadLength).toBe(length);
      }
    });

    it('tells ASCII from other text, and says nothing of binary', () => {
      const decoder = decoderFor('client');
      decoder.push(stream(client.text('a'.repeat(70)), client.text('é'), client.binary('a'), client.text('')));
      const seen: boolean[] = [];
      while (decoder.next()) seen.push(decoder.isAscii);
      expect(seen).toEqual([true, false, false, true]);
    });

    it('takes views from the memory that it shows, without copying', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.binary([7, 8, 9])));
      decoder.next();
      const view = decoder.view();
      expect(view).toEqual(Uint8Array.of(7, 8, 9));
      expect(view.buffer).toBe(decoder.memory.buffer);
      expect(view.byteOffset).toBe(decoder.ptr);
      expect(decoder.payload().buffer).not.toBe(decoder.memory.buffer);
    });

    it('leaves the chunk as it is', () => {
      const bytes = stream(server.text('masked'), server.binary(randomBytes(70_000, 1)));
      const copy = bytes.slice();
      const decoder = decoderFor('server');
      decoder.push(bytes);
      while (decoder.next());
      expect(Buffer.compare(bytes, copy)).toBe(0);
    });

    it('takes chunks that are Buffers, parts of larger buffers, and empty', () => {
      const bytes = stream(server.text('one'), server.text('two'));
      const padded = concat(new Uint8Array(5).fill(0xff), bytes, new Uint8Array(5).fill(0xff));
      for (const chunk of [Buffer.from(bytes), padded.subarray(5, 5 + bytes.length)]) {
        const decoder = decoderFor('server');
        decoder.push(new Uint8Array(0));
        expect(decoder.next()).toBe(false);
        decoder.push(chunk);
        expect([decoder.next(), decoder.next(), decoder.next()]).toEqual([true, true, false]);
      }
    });

    it('counts the bytes of the stream', () => {
      const decoder = decoderFor('server');
      expect(decoder.position).toBe(0);
      const bytes = stream(server.text('one'), server.text('two'));
      for (const chunk of cutInto(bytes, 4)) {
        decoder.push(chunk);
        while (decoder.next());
      }
      expect(decoder.position).toBe(bytes.length);
      expect(decoder.isDone).toBe(false);
    });

    it('shows the pieces of a frame that spans chunks', () => {
      const payload = randomBytes(40, 2);
      const bytes = wire(server.binary(payload));
      const decoder = decoderFor('server');
      const pieces: object[] = [];
      for (const chunk of [bytes.subarray(0, 3), bytes.subarray(3, 6), bytes.subarray(6, 16), bytes.subarray(16)]) {
        decoder.push(chunk);
        while (decoder.next()) {
          const { isStart, isEnd, headerLength, length, payloadLength, pieceOffset, maskingKey } = decoder;
          expect(maskingKey).toEqual(Uint8Array.from(MASKING_KEY));
          expect(decoder.payload()).toEqual(payload.subarray(pieceOffset, pieceOffset + length));
          pieces.push({ isStart, isEnd, headerLength, length, payloadLength, pieceOffset });
        }
      }
      expect(pieces).toEqual([
        { isStart: true, isEnd: false, headerLength: 6, length: 0, payloadLength: 40, pieceOffset: 0 },
        { isStart: false, isEnd: false, headerLength: 0, length: 10, payloadLength: 40, pieceOffset: 0 },
        { isStart: false, isEnd: true, headerLength: 0, length: 30, payloadLength: 40, pieceOffset: 10 },
      ]);
    });

    it('tells the length of a frame of 2^53 - 1 bytes, and how far it has come', () => {
      const decoder = decoderFor('client', { maxMessageLength: 2 ** 53 - 1 });
      decoder.push(wire(client.binary('abc', { claimed: 2n ** 53n - 1n })));
      decoder.next();
      expect(decoder.payloadLength).toBe(2 ** 53 - 1);
      expect(decoder.isEnd).toBe(false);
      decoder.push(bytesOf('de'));
      decoder.next();
      expect(decoder.payloadLength).toBe(2 ** 53 - 1);
      expect(decoder.pieceOffset).toBe(3);
    });

    it('tells a length of 2^32 and a bit from the bit', () => {
      const decoder = decoderFor('client', { maxMessageLength: 2 ** 40 });
      decoder.push(wire(client.binary('abcdef', { claimed: 2n ** 32n + 2n ** 31n + 3n })));
      decoder.next();
      expect(decoder.payloadLength).toBe(2 ** 32 + 2 ** 31 + 3);
      expect(decoder.length).toBe(6);
      expect(decoder.isEnd).toBe(false);
    });
  });

  describe('with more than the arena holds', () => {
    it('takes a chunk of many slabs', () => {
      const payloads = Array.from({ length: 60 }, (_, i) => randomBytes(5000 + i, i));
      const decoder = decoderFor('server');
      const { frames, error } = decoder.decodeFrames(stream(...payloads.map((payload) => server.binary(payload))));
      expect(error).toBeUndefined();
      expect(frames).toHaveLength(payloads.length);
      for (const [i, payload] of payloads.entries()) expect(Buffer.compare(frames[i]!.payload, payload)).toBe(0);
    });

    it('takes 65,536 frames in a chunk, which is 16 tables of records', () => {
      const decoder = decoderFor('client');
      const chunk = new Uint8Array(2 * 65536);
      for (let i = 0; i < chunk.length; i += 2) chunk[i] = 0x82;
      decoder.push(chunk);
      let count = 0;
      while (decoder.next()) {
        if (decoder.length !== 0 || !decoder.isStart || !decoder.isEnd) expect.unreachable();
        count++;
      }
      expect(count).toBe(65536);
      expect(decoder.position).toBe(chunk.length);
    });

    it.each([4095, 4096, 4097, 8192])('takes %i frames of one byte in a chunk', (count) => {
      const decoder = decoderFor('client');
      const bytes = concat(...Array.from({ length: count }, (_, i) => Uint8Array.of(0x82, 1, i)));
      const { frames } = decoder.decodeFrames(bytes);
      expect(frames.map((frame) => frame.payload[0])).toEqual(Array.from({ length: count }, (_, i) => i & 255));
    });

    it('takes a frame of a megabyte, in one chunk and in many', () => {
      const payload = randomBytes(1_000_000, 3);
      const bytes = wire(server.binary(payload));
      for (const length of [bytes.length, 65536, 65537, 100_001, 1000]) {
        const decoder = decoderFor('server');
        const frames = cutInto(bytes, length).flatMap((chunk) => decoder.decodeFrames(chunk).frames);
        expect(frames).toHaveLength(1);
        expect(frames[0]).toMatchObject({ fin: true, opcode: BINARY, masked: true, headerLength: 14 });
        expect(Buffer.compare(frames[0]!.payload, payload)).toBe(0);
      }
    });

    it.each([65530, 65535, 65536, 65537, 131072])('takes frames around a slab border, payload %i', (length) => {
      const payload = randomBytes(length, length);
      const bytes = stream(server.text('<'), server.binary(payload), server.text('>'));
      for (const point of splitPoints(bytes.length)) {
        const decoder = decoderFor('server');
        const frames = [bytes.subarray(0, point), bytes.subarray(point)].flatMap(
          (chunk) => decoder.decodeFrames(chunk).frames,
        );
        expect(frames.map((frame) => frame.payload.length)).toEqual([1, length, 1]);
        expect(Buffer.compare(frames[1]!.payload, payload)).toBe(0);
      }
    });
  });

  describe('errors', () => {
    it('are thrown behind the good frames, and again at each further call', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('a'), server.text('b'), client.text('unmasked')));
      expect(decoder.next()).toBe(true);
      expect(decoder.isDone).toBe(true); // known already, told when the cursor gets there
      expect(decoder.next()).toBe(true);
      expect(decoder.payload()).toEqual(bytesOf('b'));
      const errors = Array.from({ length: 3 }, () => {
        try {
          return decoder.next();
        } catch (error) {
          return error;
        }
      });
      expect(errors[0]).toBeInstanceOf(ProtocolError);
      expect(errors[0]).toMatchObject({ code: 'WSIMD_NOT_MASKED', closeCode: 1002, offset: 15, status: undefined });
      expect(errors).toEqual([errors[0], errors[0], errors[0]]);
      decoder.push(stream(server.text('more')));
      expect(() => decoder.next()).toThrow(errors[0] as ProtocolError);
    });

    it('name an offset of the stream, not of the chunk', () => {
      const good = wire(server.binary(randomBytes(1000, 5)));
      const decoder = decoderFor('server');
      for (let i = 0; i < 300; i++) {
        decoder.push(good);
        while (decoder.next());
      }
      decoder.push(wire(server.frame(0xb, '')));
      expect(() => decoder.next()).toThrow(expect.objectContaining({ offset: 300 * good.length }));
    });

    it('leave nothing shown', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('a'), server.frame(3, '')));
      decoder.next();
      expect(() => decoder.next()).toThrow(ProtocolError);
      expect(() => decoder.opcode).toThrow(STALE);
    });

    it('of frames that were skipped are told too', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.frame(3, '')));
      decoder.push(stream(server.text('a')));
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'WSIMD_RESERVED_OPCODE', offset: 0 }));
    });
  });

  describe('skipping', () => {
    it('goes over frames that nobody looked at, whose meaning for the stream counts', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('€', { fin: false }), server.ping()));
      decoder.push(stream(server.continuation('!'), server.text('next')));
      expect(decoder.next()).toBe(true);
      expect(decoder.opcode).toBe(0);
      expect(decoder.next()).toBe(true);
      expect(decoder.payload()).toEqual(bytesOf('next'));
    });

    it('goes over what lies behind the frame that was looked at', () => {
      const decoder = decoderFor('client');
      const many = concat(...Array.from({ length: 5000 }, () => wire(client.text('skip'))));
      decoder.push(concat(many, wire(client.binary('begin', { fin: false }))));
      decoder.next();
      decoder.push(stream(client.continuation('end')));
      expect(decoder.next()).toBe(true);
      expect(decoder.opcode).toBe(0);
      expect(decoder.position).toBe(many.length + 7 + 5);
    });

    it('goes over the first half of a frame', () => {
      const decoder = decoderFor('server');
      const bytes = wire(server.binary(randomBytes(100, 6)));
      decoder.push(bytes.subarray(0, 50));
      decoder.push(bytes.subarray(50));
      expect(decoder.next()).toBe(true);
      expect(shown(decoder)).toMatchObject({
        isStart: false,
        isEnd: true,
        pieceOffset: 44,
        payloadLength: 100,
        length: 56,
      });
    });
  });
});

describe('options', () => {
  it.each(['', 'Server', 'peer', undefined, null, 1])('a role %j is none', (role) => {
    expect(() => new FrameDecoder({ role: role as never })).toThrow(TypeError);
    expect(() => new MessageDecoder({ role: role as never })).toThrow(TypeError);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '5', null])('a limit of %j is none', (limit) => {
    for (const name of ['maxFrameLength', 'maxMessageLength']) {
      expect(() => new FrameDecoder({ role: 'server', [name]: limit as never })).toThrow(RangeError);
      expect(() => new FrameDecoder({ role: 'server', [name]: limit as never })).toThrow(name);
    }
  });

  it('limit messages to 16 MiB unless told otherwise', () => {
    expect(DEFAULT_MAX_MESSAGE_LENGTH).toBe(16 * 1024 * 1024);
    const limit = BigInt(DEFAULT_MAX_MESSAGE_LENGTH);
    const decoder = new FrameDecoder({ role: 'client' });
    expect(decoder.decodeFrames(wire(client.binary('a', { claimed: limit }))).error).toBeUndefined();
    const stricter = new FrameDecoder({ role: 'client' });
    expect(stricter.decodeFrames(wire(client.binary('a', { claimed: limit + 1n }))).error?.closeCode).toBe(1009);
  });
});
