// src/messages/: how much memory is held, and whose: of a message under way, of many connections on one arena, of what is given
// away.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { KernelName } from '../../../src/kernel/kernel.js';
import type { MessageEvent, MessageHandler } from '../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../src/messages/receive/message-decoder.js';
import { cutAtRandom } from '../../support/frames/cuts.js';
import { recorder } from '../../support/frames/recorder.js';
import { bytesOf, concat, Peer, stream, wire } from '../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../../support/oracles/replay.js';

const ROLES = ['server', 'client'] as const;

describe.each(KERNEL_NAMES)('MessageDecoder on the %s kernel', (kernel: KernelName) => {
  function decoderFor(options: Partial<MessageDecoderOptions> = {}): MessageDecoder {
    return new MessageDecoder({ role: 'server', kernel, ...options });
  }

  const server = new Peer('server');
  const client = new Peer('client');

  describe('memory', () => {
    it('is taken for what came, not for what is claimed: 1 GiB declared, two bytes sent', () => {
      const before = process.memoryUsage().arrayBuffers;
      const decoders = Array.from({ length: 2000 }, (_, i) => {
        const decoder = decoderFor({ maxMessageLength: 2 ** 32 });
        const peer =
          i % 2 === 0 ? server.binary('ab', { claimed: 2n ** 30n }) : server.text('ab', { claimed: 2n ** 30n });
        decoder.decode(wire(peer));
        expect(decoder.bufferedLength).toBe(256);
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
      expect(decoder.bufferedLength).toBeGreaterThanOrEqual(FRAGMENTS);
      expect(decoder.bufferedLength).toBeLessThanOrEqual(2 * FRAGMENTS);
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

    it('of a message is given up with an error and with a Close frame', () => {
      for (const last of [server.close(), server.frame(5, '')]) {
        const decoder = decoderFor();
        decoder.decode(stream(server.binary(new Uint8Array(5000), { fin: false })));
        decoder.decode(wire(server.ping('12345678')).subarray(0, 8));
        expect(decoder.bufferedLength).toBe(5000 + 256);
        decoder.decode(wire(server.ping('12345678')).subarray(8));
        decoder.decode(wire(last));
        expect(decoder.bufferedLength).toBe(0);
      }
    });

    it('of an error inside a cut control frame is given up', () => {
      const decoder = decoderFor();
      const bytes = stream(server.close(1000, [0x61, 0xff]));
      decoder.decode(bytes.slice(0, -1));
      expect(decoder.bufferedLength).toBe(256);
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
