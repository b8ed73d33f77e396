// src/frames/frame-encoder.ts: frames to send, against a decoder that was not written with them: the receiver and sender of `ws`.
// Control frames are in control-frames.test.ts, what is refused in frame-encoder-arguments.test.ts.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { MessageDecoder } from '../../../src/messages/receive/message-decoder.js';
import { BINARY, bytesOf, concat, PING, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';
import { frameWithWs, receiveWithWs } from '../../support/peers/native.js';

const ROLES = ['server', 'client'] as const;
type Role = (typeof ROLES)[number];
const OTHER = { server: 'client', client: 'server' } as const satisfies Record<Role, Role>;

/** Around the borders of the header's length, and of the scratch that a client's payload passes through. */
const LENGTHS = [
  0, 1, 2, 3, 4, 5, 23, 24, 25, 47, 48, 49, 50, 63, 64, 65, 124, 125, 126, 127, 128, 255, 256, 1000, 4095, 4096, 4097,
  65534, 65535, 65536, 65537, 65538, 131071, 131072, 131073, 200_000,
];

/** Lone surrogates become U+FFFD, as in every encoder of the web. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

function filled(length: number): string {
  return 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(length / 45)).slice(0, length);
}

/** Strings whose UTF-8 crosses a border of the header's length that their UTF-16 does not. */
const CROSSING = [
  `${'a'.repeat(124)}é`,
  `${'a'.repeat(123)}é`,
  `${'a'.repeat(122)}€`,
  'é'.repeat(63),
  'é'.repeat(62),
  '€'.repeat(42),
  '🙂'.repeat(32),
  `${'a'.repeat(65534)}é`,
  `${'a'.repeat(65533)}é`,
  `é${'a'.repeat(65533)}`,
  'é'.repeat(32768),
  'é'.repeat(32767),
  '€'.repeat(21845),
  '€'.repeat(21846),
  '🙂'.repeat(16384),
  `${'a'.repeat(30)}€`,
  `${'€'.repeat(8)}`,
  `${'a'.repeat(46)}é`,
  `${'a'.repeat(4094)}é€`,
  `${'a'.repeat(100_000)}é`,
];

describe.each(KERNEL_NAMES)('FrameEncoder on the %s kernel', (kernel) => {
  const encoders = {
    server: new FrameEncoder({ role: 'server', kernel }),
    client: new FrameEncoder({ role: 'client', kernel }),
  };

  it.each(ROLES)('says what it is, as a %s', (role) => {
    expect(encoders[role].role).toBe(role);
    expect(encoders[role].kernelName).toBe(kernel);
  });

  describe.each(ROLES)('as a %s', (role) => {
    const encoder = encoders[role];

    function decode(bytes: Uint8Array) {
      return new MessageDecoder({ role: OTHER[role], kernel }).decode(bytes.slice());
    }

    it('writes the bytes of RFC 6455 section 5.7', () => {
      const hello = encoder.encodeText('Hello');
      if (role === 'server') {
        expect([...hello]).toEqual([0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
      } else {
        expect([...hello.subarray(0, 2)]).toEqual([0x81, 0x85]);
        const key = hello.subarray(2, 6);
        expect([...hello.subarray(6)].map((byte, i) => byte ^ key[i % 4]!)).toEqual([...bytesOf('Hello')]);
      }
    });

    it('writes what it then reads, at every length', () => {
      for (const length of LENGTHS) {
        const data = randomBytes(length, length);
        const text = filled(length);
        const [binary] = decode(encoder.encodeBinary(data));
        expect(binary?.type === 'binary' && Buffer.compare(binary.data, data), `${length}`).toBe(0);
        const [asString] = decode(encoder.encodeText(text));
        expect(asString?.type === 'text' && asString.text === text, `${length}`).toBe(true);
        const [asBytes] = decode(encoder.encodeText(bytesOf(text)));
        expect(asBytes?.type === 'text' && asBytes.text === text, `${length}`).toBe(true);
      }
    });

    it('writes what ws reads, at every length', () => {
      for (const length of LENGTHS) {
        const data = randomBytes(length, length + 1);
        const text = filled(length);
        const bytes = concat(encoder.encodeBinary(data), encoder.encodeText(text));
        const [binary, string] = receiveWithWs(OTHER[role], bytes);
        expect(binary?.isBinary && Buffer.compare(binary.data, data), `${length}`).toBe(0);
        expect(string?.isBinary === false && string.data.toString() === text, `${length}`).toBe(true);
      }
    });

    it('reads what ws writes, at every length', () => {
      for (const length of LENGTHS) {
        const data = randomBytes(length, length + 2);
        const [event] = decode(frameWithWs(OTHER[role], BINARY, data));
        expect(event?.type === 'binary' && Buffer.compare(event.data, data), `${length}`).toBe(0);
      }
    });

    it('writes strings whose header is longer than that of as much ASCII', () => {
      for (const text of CROSSING) {
        const frame = encoder.encodeText(text);
        const [event] = decode(frame);
        expect(event?.type === 'text' && event.text === text, `${text.length} units`).toBe(true);
        const [received] = receiveWithWs(OTHER[role], frame);
        expect(received?.data.toString() === text, `${text.length} units`).toBe(true);
      }
    });

    it('writes any string, whole or in fragments', () => {
      fc.assert(
        fc.property(
          fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 4 }),
          (fragments) => {
            const frames = fragments.map((fragment, i) => {
              const fin = i === fragments.length - 1;
              return i === 0 ? encoder.encodeText(fragment, { fin }) : encoder.encodeContinuation(fragment, { fin });
            });
            expect(decode(concat(...frames))).toEqual([{ type: 'text', text: fragments.join('') }]);
          },
        ),
        { numRuns: 200 },
      );
    });

    it('writes a lone surrogate as U+FFFD, wherever it stands', () => {
      for (const padding of [0, 1, 20, 24, 30, 60, 125, 5000, 70_000]) {
        for (const lone of ['\ud800', '\udfff', '\ude00\ud83d', '\ud83d']) {
          const text = `${'a'.repeat(padding)}${lone}b`;
          expect(decode(encoder.encodeText(text))).toEqual([{ type: 'text', text: wellFormed(text) }]);
        }
      }
    });

    it('keeps a byte order mark', () => {
      expect(decode(encoder.encodeText('\ufeffBOM'))).toEqual([{ type: 'text', text: '\ufeffBOM' }]);
    });

    it('sets FIN and RSV1 as it is told', () => {
      const first = (bits?: object) => encoder.encodeText('x', bits)[0];
      expect(first()).toBe(0x81);
      expect(first({})).toBe(0x81);
      expect(first({ fin: true })).toBe(0x81);
      expect(first({ fin: false })).toBe(0x01);
      expect(first({ rsv1: true })).toBe(0xc1);
      expect(first({ rsv1: false, fin: undefined })).toBe(0x81);
      expect(first({ fin: false, rsv1: true })).toBe(0x41);
      expect(encoder.encodeBinary(Uint8Array.of(1), { rsv1: true })[0]).toBe(0xc2);
      expect(encoder.encodeContinuation(Uint8Array.of(1))[0]).toBe(0x80);
      expect(encoder.encode(15, '')[0]).toBe(0x8f);
    });

    it('makes a frame of exactly its bytes, which lies over no other', () => {
      const frames = LENGTHS.map((length) => encoder.encodeBinary(new Uint8Array(length).fill(length)));
      for (const [i, length] of LENGTHS.entries()) {
        const header = (length < 126 ? 2 : length < 65536 ? 4 : 10) + (role === 'client' ? 4 : 0);
        expect(frames[i]!.length).toBe(header + length);
        const [event] = decode(frames[i]!);
        expect(event?.type === 'binary' && event.data.every((byte) => byte === (length & 255))).toBe(true);
        frames[i]!.fill(0xee);
      }
    });

    it('makes frames whose memory may be transferred away', () => {
      const { buffer } = encoder.encodeBinary(Uint8Array.of(1, 2, 3));
      try {
        structuredClone(buffer, { transfer: [buffer] });
      } catch {
        // A host may mark memory that is shared as not to be transferred.
      }
      for (let i = 0; i < 5; i++) {
        expect(decode(encoder.encodeText(`after ${i}`))).toEqual([{ type: 'text', text: `after ${i}` }]);
      }
    });

    it('leaves what it is given as it is', () => {
      for (const length of [5, 48, 49, 1000, 65536, 70_000]) {
        const data = randomBytes(length, 1);
        const copy = data.slice();
        encoder.encodeBinary(data);
        encoder.encodeText(bytesOf(filled(length)));
        expect(Buffer.compare(data, copy)).toBe(0);
      }
    });

    it('takes payloads at odd offsets of their buffer', () => {
      const buffer = randomBytes(200, 9);
      for (let start = 0; start < 9; start++) {
        const data = buffer.subarray(start, start + 100);
        expect(decode(encoder.encodeBinary(data))).toEqual([{ type: 'binary', data: data.slice() }]);
      }
    });

    describe('encodeInto', () => {
      const PAYLOADS: readonly (string | Uint8Array)[] = [
        '',
        'a',
        'é',
        filled(24),
        filled(25),
        `${filled(23)}é`,
        filled(48),
        filled(49),
        filled(125),
        filled(126),
        'é'.repeat(63),
        filled(1000),
        filled(65536),
        'é'.repeat(32768),
        filled(80_000),
        new Uint8Array(0),
        randomBytes(3, 1),
        randomBytes(25, 1),
        randomBytes(49, 1),
        randomBytes(126, 1),
        randomBytes(65536, 1),
        randomBytes(70_000, 1),
      ];

      it('writes the frame and nothing beside it, at any offset, with room and without', () => {
        for (const payload of PAYLOADS) {
          const opcode = typeof payload === 'string' ? TEXT : BINARY;
          const bytes = typeof payload === 'string' ? bytesOf(payload) : payload;
          const { length } = encoder.encode(opcode, payload);
          for (const [before, behind] of [
            [0, 0],
            [1, 0],
            [3, 1],
            [7, 64],
            [5, 2 * length + 50],
          ] as const) {
            const target = new Uint8Array(before + length + behind).fill(0xcc);
            expect(encoder.encodeInto(target, before, opcode, payload)).toBe(before + length);
            const { frames } = new FrameDecoder({ role: OTHER[role], kernel }).decodeFrames(
              target.subarray(before, before + length),
            );
            expect(frames).toHaveLength(1);
            expect(Buffer.compare(frames[0]!.payload, bytes)).toBe(0);
            expect(target.subarray(0, before).every((byte) => byte === 0xcc)).toBe(true);
            // A string that is no ASCII may be written before its header is known, but stays in the buffer's frame.
            expect(
              target.subarray(before + length).every((byte) => byte === 0xcc),
              `behind ${payload.length}`,
            ).toBe(true);
          }
        }
      });

      it('writes nothing where there is no room', () => {
        for (const payload of PAYLOADS) {
          const opcode = typeof payload === 'string' ? TEXT : BINARY;
          const { length } = encoder.encode(opcode, payload);
          for (const [size, offset] of [
            [length - 1, 0],
            [length + 4, 5],
            [length >> 1, 0],
            [0, 0],
            [length, length],
            [length, length + 1],
            [2 * length, 3 * length],
          ] as const) {
            const target = new Uint8Array(size).fill(0xcc);
            expect(() => encoder.encodeInto(target, offset, opcode, payload)).toThrow(
              expect.objectContaining({ code: 'WSIMD_BUFFER_TOO_SMALL', closeCode: undefined }),
            );
            expect(
              target.every((byte) => byte === 0xcc),
              `${size} bytes for ${length}`,
            ).toBe(true);
          }
        }
      });

      it('writes nothing of a control frame that is too long', () => {
        const target = new Uint8Array(1000).fill(0xcc);
        for (const payload of [new Uint8Array(126), filled(126), 'é'.repeat(63)]) {
          expect(() => encoder.encodeInto(target, 3, PING, payload)).toThrow(
            expect.objectContaining({ code: 'WSIMD_CONTROL_PAYLOAD' }),
          );
        }
        expect(target.every((byte) => byte === 0xcc)).toBe(true);
      });

      it('writes nothing at an offset that is none, and says so', () => {
        for (const offset of [-1, -5, -1000, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          for (const payload of ['', 'hi', filled(30), filled(100), new Uint8Array(2), new Uint8Array(60)]) {
            const target = new Uint8Array(5000).fill(0xcc);
            const encode = () => encoder.encodeInto(target, offset, TEXT, payload);
            expect(encode, `at ${offset}, ${typeof payload} of ${payload.length}`).toThrow();
            expect(target.every((byte) => byte === 0xcc)).toBe(true);
          }
        }
      });

      it('takes a Buffer as target', () => {
        const target = Buffer.alloc(50, 0xcc);
        const end = encoder.encodeInto(target, 2, TEXT, 'grün');
        expect(decode(target.subarray(2, end))).toEqual([{ type: 'text', text: 'grün' }]);
      });
    });

    it('measures room that is enough', () => {
      for (const payload of [
        '',
        'a',
        '€'.repeat(50),
        '€'.repeat(4096),
        '€'.repeat(4097),
        filled(70_000),
        '🙂'.repeat(3000),
      ]) {
        const { length } = encoder.encodeText(payload);
        expect(encoder.maxFrameLength(payload)).toBeGreaterThanOrEqual(length);
        const bytes = bytesOf(payload);
        expect(encoder.maxFrameLength(bytes)).toBe(bytes.length + 14);
        if (payload.length > 4096) expect(encoder.maxFrameLength(payload)).toBe(bytes.length + 14);
      }
    });

    it('takes a view of a decoder as payload: an echo without a copy', () => {
      for (const length of [10, 100, 5000, 65000]) {
        const data = randomBytes(length, length);
        const decoder = new FrameDecoder({ role, kernel });
        decoder.push(concat(frameWithWs(role, BINARY, data), frameWithWs(role, TEXT, bytesOf('next'))));
        decoder.next();
        const [event] = receiveWithWs(OTHER[role], encoder.encodeBinary(decoder.view()));
        expect(event && Buffer.compare(event.data, data)).toBe(0);
        // Encoding is no decoding: the cursor is as good as before.
        expect(Buffer.compare(decoder.view(), data)).toBe(0);
        expect(decoder.next()).toBe(true);
        expect(decoder.payload()).toEqual(bytesOf('next'));
      }
    });
  });

  it.each(['observer', 'Client', undefined, null])('has no role %j', (role) => {
    expect(() => new FrameEncoder({ role: role as never, kernel })).toThrow(TypeError);
  });
});
