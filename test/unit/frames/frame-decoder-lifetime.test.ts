// src/frames/frame-decoder.ts: what a view is good for and how long, what is refused where there is no frame, and many decoders
// on one arena. What the cursor shows is in frame-decoder.test.ts.

import { describe, expect, it } from 'vitest';
import type { DecoderOptions } from '../../../src/frames/chunk-decoder.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { MessageDecoder } from '../../../src/messages/receive/message-decoder.js';
import { cutInto } from '../../support/frames/cuts.js';
import { bytesOf, Peer, stream, TEXT, wire } from '../../support/frames/wire.js';
import { createRandom } from '../../support/inputs/random.js';
import { FrameLog, KERNEL_NAMES } from '../../support/oracles/replay.js';
import { ACCESSORS, STALE } from './shown-frame.js';

const server = new Peer('server');
const client = new Peer('client');

describe.each(KERNEL_NAMES)('FrameDecoder on the %s kernel', (kernel) => {
  function decoderFor(role: DecoderOptions['role'], options: Partial<DecoderOptions> = {}): FrameDecoder {
    return new FrameDecoder({ ...options, role, kernel });
  }

  describe('used when it is not at a frame', () => {
    function expectStale(decoder: FrameDecoder): void {
      for (const name of ACCESSORS) expect(() => decoder[name], name).toThrow(STALE);
      expect(() => decoder.view()).toThrow(STALE);
      expect(() => decoder.payload()).toThrow(STALE);
    }

    it('throws before the first next(), behind the last, and after a push', () => {
      const decoder = decoderFor('server');
      expectStale(decoder);
      decoder.push(stream(server.text('a')));
      expectStale(decoder);
      decoder.next();
      expect(decoder.opcode).toBe(TEXT);
      decoder.next();
      expectStale(decoder);
      decoder.push(stream(server.text('b'), server.text('c')));
      decoder.next();
      decoder.push(new Uint8Array(0));
      expectStale(decoder);
    });

    it.each(['FrameDecoder', 'MessageDecoder'])('throws once a %s has decoded in between', (kind) => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('a'), server.text('b')));
      decoder.next();
      if (kind === 'FrameDecoder') decoderFor('client').decodeFrames(stream(client.text('other')));
      else new MessageDecoder({ role: 'client', kernel }).decode(stream(client.text('other')));
      expectStale(decoder);
      expect(() => decoder.next()).toThrow(STALE);
      expect(() => decoder.next()).toThrow(STALE);
      // The stream itself is well: what was not looked at is gone, what comes is right.
      decoder.push(stream(server.text('c')));
      expect(decoder.next()).toBe(true);
      expect(decoder.payload()).toEqual(bytesOf('c'));
    });

    it('does not throw where the other decoder came between two chunks', () => {
      const decoder = decoderFor('server');
      const other = decoderFor('client');
      for (let i = 0; i < 3; i++) {
        decoder.push(stream(server.text(`${i}`)));
        other.decodeFrames(stream(client.text('other')));
        expect(decoder.next()).toBe(true);
        expect(decoder.payload()).toEqual(bytesOf(`${i}`));
        expect(decoder.next()).toBe(false);
      }
    });

    it('is not disturbed by a decoder on the other kernel', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('a'), server.text('b')));
      decoder.next();
      const kernelOfOther = kernel === 'wasm' ? 'portable' : 'wasm';
      new FrameDecoder({ role: 'client', kernel: kernelOfOther }).decodeFrames(stream(client.text('other')));
      expect(decoder.payload()).toEqual(bytesOf('a'));
      expect(decoder.next()).toBe(true);
    });

    it('of a batch makes decodeFrames fail with WSIMD_STALE, not with what lies there', () => {
      const decoder = decoderFor('server');
      decoder.push(stream(server.text('a'), server.text('b')));
      decoder.next();
      decoderFor('client').decodeFrames(stream(client.text('other')));
      const { frames, error } = decoder.decodeFrames(stream(server.text('c')));
      expect(error).toBeUndefined();
      expect(frames.map((frame) => frame.payload)).toEqual([bytesOf('c')]);
    });
  });

  describe('views of one decoder', () => {
    it('may be decoded by another: a stream inside a stream', () => {
      const inner = stream(client.text('inside'), client.binary([1, 2, 3]));
      const outer = decoderFor('server');
      outer.push(wire(server.binary(inner)));
      outer.next();
      const { frames } = decoderFor('client').decodeFrames(outer.view());
      expect(frames.map((frame) => frame.payload)).toEqual([bytesOf('inside'), Uint8Array.of(1, 2, 3)]);
      outer.push(wire(server.binary(inner)));
      outer.next();
      const messages = new MessageDecoder({ role: 'client', kernel, ownsChunks: false });
      expect(messages.decode(outer.view())).toEqual([
        { type: 'text', text: 'inside' },
        { type: 'binary', data: Uint8Array.of(1, 2, 3) },
      ]);
    });
  });

  describe('many connections on one arena', () => {
    it('do not see each other, whatever the order of their chunks', () => {
      const random = createRandom(7);
      const connections = Array.from({ length: 40 }, (_, id) => {
        const role = id % 2 === 0 ? ('server' as const) : ('client' as const);
        const peer = new Peer(role);
        const payload = () => new Uint8Array(random() % 300).fill(id);
        const frames = Array.from({ length: 8 }, () => peer.binary(payload()));
        const bytes = stream(...frames);
        return {
          id,
          decoder: decoderFor(role),
          log: new FrameLog(),
          chunks: cutInto(bytes, 1 + (random() % 50)),
          frames,
        };
      });
      for (let live = [...connections]; live.length > 0; live = live.filter(({ chunks }) => chunks.length > 0)) {
        const { decoder, log, chunks } = live[random() % live.length]!;
        decoder.push(chunks.shift()!);
        log.take(decoder);
      }
      for (const { id, log, frames } of connections) {
        expect(log.lines).toHaveLength(frames.length);
        const foreign = new RegExp(`^(?:${id.toString(16).padStart(2, '0')})*$`);
        for (const line of log.lines) expect(line.split(' ')[4]).toMatch(foreign);
      }
    });

    it('keep to their own options and limits, also where they have nothing else to remember', () => {
      const random = createRandom(8);
      const decoders = Array.from({ length: 200 }, (_, limit) => ({
        limit,
        role: limit % 2 === 0 ? ('server' as const) : ('client' as const),
        decoder: decoderFor(limit % 2 === 0 ? 'server' : 'client', { maxMessageLength: limit }),
      }));
      for (let i = 0; i < 2000; i++) {
        const { limit, role, decoder } = decoders[random() % decoders.length]!;
        const peer = new Peer(role);
        const frame = random() % 2 === 0 ? peer.binary(new Uint8Array(limit)) : peer.text('a'.repeat(limit));
        const bytes = wire(frame);
        // Now and then the chunk's end cuts the frame, so that something has to be remembered.
        const at = random() % 4 === 0 ? random() % bytes.length : bytes.length;
        const frames = [bytes.subarray(0, at), bytes.subarray(at)].flatMap(
          (chunk) => decoder.decodeFrames(chunk).frames,
        );
        expect(frames.map(({ payload }) => payload.length)).toEqual([limit]);
      }
      for (const { limit, role, decoder } of decoders) {
        const { error } = decoder.decodeFrames(wire(new Peer(role).binary(new Uint8Array(limit + 1))));
        expect(error?.code).toBe('WSIMD_MESSAGE_TOO_LONG');
      }
      for (const { role } of decoders.slice(0, 2)) {
        const foreign = new Peer(role === 'server' ? 'client' : 'server');
        const { error } = decoderFor(role).decodeFrames(wire(foreign.text('')));
        expect(error?.code).toBe(role === 'server' ? 'WSIMD_NOT_MASKED' : 'WSIMD_MASKED');
      }
    });
  });
});
