// `ownsChunks` of src/messages/: which deliveries are views of the chunk that was handed in, and which are copies.

import { describe, expect, it } from 'vitest';
import { CHUNK_CAPACITY } from '../../../../assembly/shared/layout.js';
import type { KernelName } from '../../../../src/kernel/kernel.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../../src/messages/receive/message-decoder.js';
import { splitPoints } from '../../../support/frames/cuts.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const ROLES = ['server', 'client'] as const;

describe.each(KERNEL_NAMES)('MessageDecoder on the %s kernel', (kernel: KernelName) => {
  function decoderFor(options: Partial<MessageDecoderOptions> = {}): MessageDecoder {
    return new MessageDecoder({ role: 'server', kernel, ...options });
  }

  const server = new Peer('server');
  const client = new Peer('client');

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

    it('lets no short message keep a long chunk alive', () => {
      const payloads = Array.from({ length: 40 }, (_, i) => randomBytes(i % 2 === 0 ? 6000 + i : 20_000 + i, i));
      const bytes = stream(...payloads.map((data) => server.binary(data)));
      for (const chunk of [bytes.slice(), Buffer.from(bytes)]) {
        const events = decoderFor().decode(chunk);
        expect(events).toHaveLength(40);
        for (const [i, event] of events.entries()) {
          if (event.type !== 'binary') return expect.unreachable();
          expect(Buffer.compare(event.data, payloads[i]!)).toBe(0);
          if (i === 0) expect(Buffer.isBuffer(event.data)).toBe(Buffer.isBuffer(chunk));
          expect(event.data.buffer.byteLength).toBeLessThanOrEqual(CHUNK_CAPACITY);
        }
      }
    });

    it('lets a message keep a long chunk of which it is at least half', () => {
      const payload = randomBytes(200_000, 1);
      for (const [rest, isKept] of [
        [1000, true],
        [190_000, true],
        [210_000, false],
      ] as const) {
        for (const isFirst of [true, false]) {
          const frames = [server.binary(payload), server.binary(new Uint8Array(rest), { fin: false })];
          const chunk = isFirst ? stream(...frames) : stream(server.binary(new Uint8Array(rest)), frames[0]!);
          const data = decoderFor()
            .decode(chunk)
            .flatMap((event) => (event.type === 'binary' ? [event.data] : []))
            .find(({ length }) => length === payload.length)!;
          expect(Buffer.compare(data, payload)).toBe(0);
          expect(data.buffer === chunk.buffer).toBe(isKept);
          if (!isKept) expect(data.buffer.byteLength).toBe(payload.length);
        }
      }
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
});
