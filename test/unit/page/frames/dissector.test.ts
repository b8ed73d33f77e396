// src/page/frames/dissector.ts: frames taken apart for the page, however the bytes are cut.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, FrameEncoder } from '../../../../src/index.js';
import { type Dissection, Dissector, PREVIEW_LENGTH } from '../../../../src/page/frames/dissector.js';
import { BROKEN_EXAMPLES, EXAMPLES } from '../../../../src/page/frames/examples.js';
import { splitHeader } from '../../../../src/page/frames/header-parts.js';
import { createInflater } from '../../../../src/page/frames/inflating.js';
import { parseHex } from '../../../../src/page/frames/parse-hex.js';
import { randomBytes } from '../../../support/inputs/random.js';

/** All that comes out, the stream's end included. */
function dissect(...chunks: readonly Uint8Array[]): Dissection[] {
  const inflater = createInflater();
  const dissector = new Dissector({ inflater });
  const dissections = chunks.flatMap((chunk) => dissector.push(chunk));
  const cut = dissector.end();
  inflater.release();
  return cut === undefined ? dissections : [...dissections, cut];
}

function chunksOf(bytes: Uint8Array, length: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += length) chunks.push(bytes.subarray(i, i + length));
  return chunks;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (label: string) =>
  parseHex([...EXAMPLES, ...BROKEN_EXAMPLES].find((example) => example.label === label)!.hex);

const zeros = deflateRawSync(new Uint8Array(1_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

describe('Dissector', () => {
  it.each([...EXAMPLES, ...BROKEN_EXAMPLES])('finds the same however the bytes are cut: $label', (example) => {
    const bytes = parseHex(example.hex);
    const whole = dissect(bytes);
    expect(whole.length).toBeGreaterThan(0);
    for (let at = 1; at < bytes.length; at++) {
      const cut = dissect(bytes.subarray(0, at), new Uint8Array(0), bytes.subarray(at));
      expect(withoutPayloadPastError(cut)).toEqual(withoutPayloadPastError(whole));
    }
    expect(withoutPayloadPastError(dissect(...chunksOf(bytes, 1)))).toEqual(withoutPayloadPastError(whole));
  });

  /** Of a refused frame, bytes that had not come when it was refused are not shown. */
  function withoutPayloadPastError(dissections: readonly Dissection[]): unknown[] {
    return dissections.map(({ header, payloadLength, wire, payload, error, isCompressed, ...rest }) =>
      error === undefined
        ? { ...rest, isCompressed, header: hex(header), payloadLength, wire: hex(wire), payload: hex(payload) }
        : { ...rest, code: error.code, offset: error.offset },
    );
  }

  it('says of each frame what FrameDecoder says', () => {
    const encoder = new FrameEncoder({ role: 'client' });
    const payloads = [0, 1, 125, 126, 255, 256, 257, 1000, 65535, 65536, 200_000].map((length) =>
      randomBytes(length, length),
    );
    const bytes = Buffer.concat(payloads.map((payload) => encoder.encodeBinary(payload)));
    for (const length of [bytes.length, 65_536, 16_384, 1009, 13]) {
      const decoder = new FrameDecoder({ role: 'observer' });
      const dissector = new Dissector();
      const frames = chunksOf(bytes, length).flatMap((chunk) => decoder.decodeFrames(chunk).frames);
      const dissections = chunksOf(bytes, length).flatMap((chunk) => dissector.push(chunk));
      expect(dissections.length).toBe(payloads.length);
      for (const [i, { offset, header, payloadLength, wire, payload }] of dissections.entries()) {
        const frame = frames[i]!;
        const { fin, opcode, masked, maskingKey } = splitHeader(header);
        expect({ fin, opcode, masked, key: hex(maskingKey) }).toEqual({
          fin: frame.fin,
          opcode: frame.opcode,
          masked: frame.masked,
          key: hex(frame.maskingKey!),
        });
        expect(payloadLength).toBe(payloads[i]!.length);
        expect(hex(payload)).toBe(hex(payloads[i]!.subarray(0, PREVIEW_LENGTH)));
        const start = offset + header.length;
        expect(hex(header)).toBe(hex(bytes.subarray(offset, start)));
        expect(hex(wire)).toBe(hex(bytes.subarray(start, start + Math.min(payloads[i]!.length, PREVIEW_LENGTH))));
      }
      expect(dissector.end()).toBeUndefined();
    }
  });

  it('knows what a continuation continues', () => {
    const frames = dissect(parseHex('01 01 61  89 00  00 01 62  80 01 63  02 00  80 00'));
    expect(frames.map(({ messageOpcode }) => messageOpcode)).toEqual([undefined, undefined, 1, 1, undefined, 2]);
  });

  it('shows a refused frame from its bytes, unmasked, with the error', () => {
    const [frame, ...more] = dissect(parseHex('81 84 01 02 03 04  60 60 c0 24'));
    expect(more).toEqual([]);
    expect(frame!.error).toMatchObject({ code: 'WSIMD_INVALID_UTF8', closeCode: 1007, offset: 9 });
    expect(hex(frame!.wire)).toBe('6060c024');
    expect(hex(frame!.payload)).toBe('6162c320');
  });

  it.each([
    ['Reserved bit', 'WSIMD_RESERVED_BITS', 0],
    ['Not compressed', 'WSIMD_INVALID_DEFLATE', undefined],
    ['Reserved opcode', 'WSIMD_RESERVED_OPCODE', 0],
    ['Length not minimal', 'WSIMD_LENGTH_NOT_MINIMAL', 2],
    ['Bad UTF-8', 'WSIMD_INVALID_UTF8', 6],
    ['Fragmented ping', 'WSIMD_FRAGMENTED_CONTROL', 0],
    ['Stray continuation', 'WSIMD_STRAY_CONTINUATION', 0],
    ['Close code 1005', 'WSIMD_CLOSE_CODE', 2],
  ])('refuses the example %j, and nothing comes after it', (label, code, offset) => {
    const frames = dissect(bytesOf('Text'), bytesOf(label), bytesOf('Text'));
    expect(frames.length).toBe(2);
    expect(frames[1]!.error).toMatchObject({ code, offset: offset === undefined ? offset : 7 + offset });
  });

  it('shows what compressed messages held, on the frame that ends each', () => {
    const text = (frame: Dissection) => frame.inflated && Buffer.from(frame.inflated.preview).toString();
    const frames = dissect(parseHex('41 03 f2 48 cd  89 00  00 00  80 04 c9 c9 07 00  81 01 61  c1 05 f2 00 11 00 00'));
    expect(frames.map(({ isCompressed }) => isCompressed)).toEqual([true, false, true, true, false, true]);
    expect(frames.map(text)).toEqual([undefined, undefined, undefined, 'Hello', undefined, 'Hello']);
    // Masked, longer than what is kept of it, and much longer than what is shown of it.
    const [long] = dissect(Buffer.from(new FrameEncoder({ role: 'client' }).encodeBinary(zeros, { rsv1: true })));
    expect(long!.inflated).toEqual({ length: 1_000_000, preview: new Uint8Array(PREVIEW_LENGTH) });
  });

  it('takes RSV1 for what it is where nothing was agreed on', () => {
    expect(new Dissector().push(bytesOf('Compressed text, twice'))[0]!.error).toMatchObject({
      code: 'WSIMD_RESERVED_BITS',
    });
  });

  it('says what is missing of a frame that is cut off', () => {
    for (const [text, missing] of [
      ['81', undefined],
      ['81 7e 01', undefined],
      ['81 85 37 fa', undefined],
      ['81 85 37 fa 21 3d', 5n],
      ['81 85 37 fa 21 3d 7f 9f', 3n],
    ] as const) {
      const bytes = parseHex(text);
      const [frame] = dissect(bytes);
      expect(frame).toMatchObject({ cut: { missing }, offset: 0 });
      expect(hex(frame!.header) + hex(frame!.wire)).toBe(hex(bytes));
    }
    expect(hex(dissect(parseHex('81 85 37 fa 21 3d 7f 9f'))[0]!.payload)).toBe('4865');
    const long = Buffer.concat([parseHex('82 7f 00 00 00 00 00 01 00 00'), Buffer.alloc(65_000)]);
    expect(dissect(...chunksOf(long, 999))[0]).toMatchObject({ cut: { missing: 536n } });
  });

  it('counts the bytes after a Close frame', () => {
    const dissector = new Dissector();
    const frames = dissector.push(parseHex('88 02 03 e8 81 05 48'));
    dissector.push(parseHex('65 6c'));
    expect(frames.map(({ payloadLength }) => payloadLength)).toEqual([2]);
    expect(dissector.ignoredLength).toBe(5);
    expect(dissector.end()).toBeUndefined();
  });
});
