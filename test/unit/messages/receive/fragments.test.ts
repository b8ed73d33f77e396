// src/messages/receive/message-decoder.ts: fragments kept apart, and their number limited, however the bytes are cut.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FrameEncoder, MessageDecoder, type MessageDecoderOptions, PreparedMessage } from '../../../../src/index.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const frames = new FrameEncoder({ role: 'client' });
const first = (data: string | Uint8Array, opcode = 2) => frames.encode(opcode, data, { fin: false });
const more = (data: string | Uint8Array, fin = false) => frames.encodeContinuation(data, { fin });

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  /** What comes of these bytes, whole, byte by byte, and cut in two at each place. */
  function decodeAll(bytes: Uint8Array, options: Partial<MessageDecoderOptions>, separatesFragments = false) {
    const outcomes: unknown[] = [];
    const decode = (cuts: number[]) => {
      const decoder = new MessageDecoder({ role: 'server', kernel, ...options });
      decoder.separatesFragments = separatesFragments;
      expect(decoder.separatesFragments).toBe(separatesFragments);
      const ends = [...cuts, bytes.length];
      const events = ends.flatMap((end, i) => decoder.decode(bytes.slice(ends[i - 1] ?? 0, end)));
      outcomes.push([events, decoder.bufferedLength, decoder.decode(Uint8Array.of(0x81)).length]);
    };
    decode([]);
    decode(Array.from({ length: bytes.length }, (_, i) => i));
    for (let cut = 1; cut < bytes.length; cut++) decode([cut]);
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    return (outcomes[0] as [unknown[]])[0];
  }

  test('apart: the payload of each frame that has one; texts are joined all the same', () => {
    const bytes = Buffer.concat([
      first(Uint8Array.of(1, 2)),
      frames.encodePing('between'),
      more(''),
      more(Uint8Array.of(3), true),
      first('te', 1),
      more('xt', true),
      first(''),
      more('', true),
    ]);
    expect(decodeAll(bytes, {}, true)).toEqual([
      { type: 'ping', payload: new Uint8Array(Buffer.from('between')) },
      { type: 'fragments', fragments: [Uint8Array.of(1, 2), Uint8Array.of(3)] },
      { type: 'text', text: 'text' },
      { type: 'binary', data: new Uint8Array(0) },
    ]);
  });

  test('too many: 1008, what came before is delivered, nothing after it', () => {
    const bytes = Buffer.concat([
      first('a', 1),
      more('b'),
      more('c', true),
      first('d', 1),
      more('e'),
      more('f'),
      more('g'),
      frames.encodeText('never'),
    ]);
    expect(decodeAll(bytes, { maxFragments: 3 })).toEqual([
      { type: 'text', text: 'abc' },
      { type: 'error', error: expect.objectContaining({ code: 'WSIMD_TOO_MANY_FRAGMENTS', closeCode: 1008 }) },
    ]);
  });

  test('an error of the kernel behind the limit does not hide it, one before it stands', () => {
    const broken = Uint8Array.of(0x83, 0x80, 0, 0, 0, 0);
    const over = [first('a', 1), more('b'), more('c')];
    expect(decodeAll(Buffer.concat([...over, broken]), { maxFragments: 2 })).toMatchObject([
      { error: { code: 'WSIMD_TOO_MANY_FRAGMENTS' } },
    ]);
    expect(decodeAll(Buffer.concat([first('a', 1), broken, more('b'), more('c')]), { maxFragments: 2 })).toMatchObject([
      { error: { code: 'WSIMD_RESERVED_OPCODE' } },
    ]);
  });

  test.each([0, -1, Number.NaN])('maxFragments: %s is out of range', (maxFragments) => {
    expect(() => new MessageDecoder({ role: 'server', kernel, maxFragments })).toThrow(RangeError);
  });

  test('a text alone in its chunk, as bytes: in place, unmasked', () => {
    const chunk = frames.encodeText('grün');
    const decoder = new MessageDecoder({ role: 'server', kernel, textAs: 'bytes' });
    const [event] = decoder.decode(chunk);
    expect(event).toEqual({ type: 'textBytes', bytes: new Uint8Array(Buffer.from('grün')) });
    expect(event?.type === 'textBytes' && event.bytes.buffer).toBe(chunk.buffer);
  });

  test('which reserved bits are set is said, wherever the header is cut', () => {
    for (const [byte, detail] of [
      [0xc1, 'RSV1'],
      [0xa1, 'RSV2'],
      [0x91, 'RSV3'],
      [0xf1, 'RSV1, RSV2, RSV3'],
    ] as const) {
      const bytes = Uint8Array.of(...frames.encodeText('ok'), byte, 0x80, 0, 0, 0, 0);
      expect(decodeAll(bytes, {})).toMatchObject([{ text: 'ok' }, { error: { code: 'WSIMD_RESERVED_BITS', detail } }]);
    }
  });

  test('a masking key of the caller’s', () => {
    const encoder = new FrameEncoder({ role: 'client', kernel, maskingKey: () => 0x04030201 });
    for (const length of [1, 50, 500, 70_000]) {
      for (const payload of ['x'.repeat(length), new Uint8Array(length).fill(0x78)]) {
        const frame = encoder.encode(2, payload);
        const headerLength = frame.length - length;
        expect([...frame.subarray(headerLength - 4, headerLength)]).toEqual([1, 2, 3, 4]);
        expect(frame[frame.length - 1]).toBe(0x78 ^ (((length - 1) % 4) + 1));
      }
    }
  });
});

test('a prepared message is what its option says', () => {
  expect(new PreparedMessage('a').serverFrame[0]).toBe(0x81);
  expect(new PreparedMessage('a', { binary: true }).serverFrame[0]).toBe(0x82);
  expect(new PreparedMessage(Uint8Array.of(0x61), { binary: false }).serverFrame[0]).toBe(0x81);
  expect(new PreparedMessage(Uint8Array.of(0x61)).serverFrame[0]).toBe(0x82);
});

test('a message of a million fragments of one byte, kept apart, holds some 12 bytes for each, and says so at once', () => {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const args = ['--expose-gc', path('tiny-fragments.mjs'), path('../../../../build/src')];
  const seen = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  expect(seen).toMatchObject({ type: 'fragments', count: 963_002 });
  expect(seen.bytes).toBeLessThan(24 * 2 ** 20);
  // What is charged is no less than what is held.
  expect(seen.charged).toBeGreaterThan(0.9 * seen.bytes);
  expect(seen.charged).toBeLessThan(24 * 2 ** 20);
  // Linear in the fragments it took 39 ms.
  expect(seen.microseconds).toBeLessThan(500);
});
