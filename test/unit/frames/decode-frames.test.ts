// FrameDecoder.decodeFrames: whole frames with payloads of their own.

import { describe, expect, it } from 'vitest';
import type { DecoderOptions } from '../../../src/frames/chunk-decoder.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { cutInto } from '../../support/frames/cuts.js';
import { bytesOf, MASKING_KEY, Peer, PING, stream, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';

const server = new Peer('server');
const client = new Peer('client');

describe.each(KERNEL_NAMES)('FrameDecoder on the %s kernel', (kernel) => {
  function decoderFor(role: DecoderOptions['role'], options: Partial<DecoderOptions> = {}): FrameDecoder {
    return new FrameDecoder({ ...options, role, kernel });
  }

  describe('decodeFrames', () => {
    it('gives all there is to know of a frame', () => {
      const decoder = decoderFor('observer', { allowRsv1: true });
      const { frames, error } = decoder.decodeFrames(
        stream(server.text('Hi', { rsv: 4, fin: false }), client.ping('?'), client.continuation('!')),
      );
      expect(error).toBeUndefined();
      const common = { rsv2: false, rsv3: false };
      expect(frames).toEqual([
        {
          ...common,
          fin: false,
          rsv1: true,
          opcode: TEXT,
          masked: true,
          maskingKey: Uint8Array.from(MASKING_KEY),
          headerLength: 6,
          payload: bytesOf('Hi'),
        },
        {
          ...common,
          fin: true,
          rsv1: false,
          opcode: PING,
          masked: false,
          maskingKey: undefined,
          headerLength: 2,
          payload: bytesOf('?'),
        },
        {
          ...common,
          fin: true,
          rsv1: false,
          opcode: 0,
          masked: false,
          maskingKey: undefined,
          headerLength: 2,
          payload: bytesOf('!'),
        },
      ]);
    });

    it('joins frames cut anywhere', () => {
      const bytes = stream(server.text('grün'), server.binary(randomBytes(130, 4)), server.close(1000, 'bye'));
      const whole = decoderFor('server').decodeFrames(bytes).frames;
      expect(whole).toHaveLength(3);
      for (const length of [1, 2, 3, 5, 7, 64]) {
        const decoder = decoderFor('server');
        const frames = cutInto(bytes, length).flatMap((chunk) => decoder.decodeFrames(chunk).frames);
        expect(frames).toEqual(whole);
        expect(decoder.isDone).toBe(true);
      }
    });

    it('gives payloads that nobody else writes to', () => {
      const decoder = decoderFor('server');
      const chunk = stream(server.text('keep'), server.binary('me'));
      const { frames } = decoder.decodeFrames(chunk);
      chunk.fill(0);
      decoder.decodeFrames(stream(server.text('XXXXXXXXXXXXXXXXXXXX')));
      expect(frames.map((frame) => Buffer.from(frame.payload).toString())).toEqual(['keep', 'me']);
      expect(frames[0]!.payload.byteOffset).toBe(0);
    });

    it('gives the good frames with the error behind them, and then the error alone', () => {
      const decoder = decoderFor('server');
      const first = decoder.decodeFrames(stream(server.text('good'), server.frame(5, ''), server.text('lost')));
      expect(first.frames.map((frame) => frame.opcode)).toEqual([TEXT]);
      expect(first.error).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE', closeCode: 1002, offset: 10 });
      const second = decoder.decodeFrames(stream(server.text('lost too')));
      expect(second.frames).toEqual([]);
      expect(second.error).toBe(first.error);
    });

    it('skips the rest of a frame whose start was skipped', () => {
      const bytes = stream(server.text('cut in two'), server.text('whole'));
      const decoder = decoderFor('server');
      decoder.push(bytes.subarray(0, 10));
      expect(decoder.decodeFrames(bytes.subarray(10)).frames.map((frame) => frame.payload)).toEqual([bytesOf('whole')]);
    });
  });
});

it('decodeFrames returns errors of the protocol only, and throws any other', () => {
  const decoder = new FrameDecoder({ role: 'client' });
  expect(() => decoder.decodeFrames(undefined as never)).toThrow(TypeError);
});
