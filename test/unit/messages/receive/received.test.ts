// src/messages/receive/message-decoder.ts: bytes that a transport has put into the arena are decoded where they lie. That all
// of the RFC holds there too is replayed in test/spec; here is what is particular to it: whose the messages are, more frames
// than one call of the kernel takes, handlers that decode.

import { describe, expect, it } from 'vitest';
import { CHUNK_CAPACITY, RECORD_CAPACITY } from '../../../../assembly/shared/layout.js';
import { Connection } from '../../../../src/connection.js';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { collectInto, type MessageEvent, type MessageHandler } from '../../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../../src/messages/receive/message-decoder.js';
import { cutAtRandom } from '../../../support/frames/cuts.js';
import { hex, Peer, stream, type WireFrame } from '../../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../../../support/oracles/replay.js';

describe.each(KERNEL_NAMES)('bytes received in the arena, on the %s kernel', (kernel) => {
  const peer = new Peer('server');
  const decoderFor = (options: Partial<MessageDecoderOptions> = {}) => {
    const decoder = new MessageDecoder({ role: 'server', kernel, ...options });
    expect(decoder.kernelName).toBe(kernel);
    return decoder;
  };
  const receive = (decoder: MessageDecoder | Connection, bytes: Uint8Array) => {
    const events: MessageEvent[] = [];
    decoder.receiveBuffer.set(bytes);
    decoder.dispatchReceived(bytes.length, collectInto(events));
    return events;
  };

  it('one message, and many, are owned: what comes next does not reach them', () => {
    const decoder = decoderFor({ textAs: 'bytes' });
    const payloads = [0, 1, 64, 65, 1000, 2048, 5000].map((length) => randomBytes(length, length));
    const alone = payloads.map((payload) => receive(decoder, stream(peer.binary(payload)))[0]!);
    const together = receive(decoder, stream(...payloads.map((payload) => peer.binary(payload)), peer.text('grün')));
    decoder.receiveBuffer.fill(0xee);
    const lines = payloads.map((payload) => `binary ${hex(payload)}`);
    expect(describeEvents(alone)).toEqual(lines);
    expect(describeEvents(together)).toEqual([...lines, 'text "grün"']);
    for (const event of [...alone, ...together]) {
      const bytes = event.type === 'binary' ? event.data : event.type === 'textBytes' ? event.bytes : undefined;
      expect(bytes?.buffer).not.toBe(decoder.receiveBuffer.buffer);
    }
  });

  it('what is handed out together holds no more memory than it has', () => {
    const small = randomBytes(3000, 1);
    const long = stream(peer.binary(small), peer.binary(randomBytes(100_000, 2))).subarray(0, CHUNK_CAPACITY);
    const [event] = receive(decoderFor(), long);
    if (event?.type !== 'binary') throw new Error('no binary message');
    expect(hex(event.data)).toBe(hex(small));
    expect(event.data.buffer.byteLength).toBeLessThan(small.length + 64);
  });

  it('more frames than the kernel tells of in one call', () => {
    const count = 2 * RECORD_CAPACITY + 10;
    const frames = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? peer.text('x') : peer.binary([i & 0xff])));
    const bytes = stream(...frames);
    expect(bytes.length).toBeLessThanOrEqual(CHUNK_CAPACITY);
    expect(describeEvents(receive(decoderFor(), bytes))).toEqual(describeEvents(decoderFor().decode(bytes)));
  });

  it('comes to the same as chunks do, whatever is sent and however it is cut', () => {
    const random = createRandom(7);
    for (let turn = 0; turn < 40; turn++) {
      const frames: WireFrame[] = [];
      for (let i = 0; i < 30; i++) {
        const payload = randomBytes(random() % (random() % 4 === 0 ? 20_000 : 200), random());
        const text = hex(payload);
        if (i % 5 === 0) frames.push(peer.text(text, { fin: false }), peer.ping('p'), peer.continuation('ü'));
        else frames.push(i % 2 === 0 ? peer.binary(payload) : peer.text(text));
      }
      const bytes = stream(...frames);
      const options = { textAs: turn % 2 === 0 ? 'bytes' : 'string' } as const;
      const decoder = decoderFor(options);
      const seen = cutAtRandom(bytes, CHUNK_CAPACITY, random).flatMap((chunk) => receive(decoder, chunk));
      expect(describeEvents(seen)).toEqual(describeEvents(decoderFor(options).decode(bytes.slice())));
      expect(decoder.position).toBe(bytes.length);
    }
  });

  it('a handler may decode on other connections, and on this one', () => {
    const outer = new Connection({ role: 'server', kernel });
    const inner = new Connection({ role: 'server', kernel });
    const lines: string[] = [];
    const quiet = collectInto([]);
    const handler: MessageHandler = {
      ...quiet,
      onText: (text) => {
        lines.push(text);
        if (text === 'first') {
          const [event] = receive(inner, stream(peer.text('inner')));
          lines.push(...describeEvents([event!]));
          outer.receiveBuffer.set(stream(peer.text('third')));
          outer.dispatchReceived(stream(peer.text('third')).length, quiet);
        }
      },
    };
    const bytes = stream(peer.text('first'), peer.text('second'));
    outer.receiveBuffer.set(bytes);
    outer.dispatchReceived(bytes.length, handler);
    expect(lines).toEqual(['first', 'text "inner"', 'second', 'third']);
    const only = stream(peer.text('first'));
    outer.receiveBuffer.set(only);
    outer.dispatchReceived(only.length, handler);
    expect(lines.slice(4)).toEqual(['first', 'text "inner"', 'third']);
  });

  it('compressed messages come out whole, alone and together', () => {
    const deflate = new PerMessageDeflate({ kernel });
    const offer = deflate.offer();
    const answer = deflate.answer(offer);
    const agreed = { server: deflate.forServer(answer), client: deflate.forClient(answer, offer) };
    const server = new Connection({ role: 'server', kernel }, agreed.server);
    const client = new Connection({ role: 'client', kernel }, agreed.client);
    const text = 'a compressed message, '.repeat(200);
    for (const count of [1, 5]) {
      for (let i = 0; i < count; i++) client.sendText(text);
      const bytes = client.takeOutgoing();
      expect(bytes.length).toBeLessThan(text.length * count);
      expect(describeEvents(receive(server, bytes))).toEqual(Array(count).fill(`text ${JSON.stringify(text)}`));
    }
  });

  it('a closed connection takes nothing any more; a length that cannot be is refused', () => {
    const connection = new Connection({ role: 'server', kernel });
    connection.receiveEnd();
    expect(receive(connection, stream(peer.text('late')))).toEqual([]);
    for (const length of [-1, 1.5, CHUNK_CAPACITY + 1, Number.NaN]) {
      expect(() => decoderFor().dispatchReceived(length, collectInto([]))).toThrow(RangeError);
    }
    expect(receive(decoderFor(), new Uint8Array(0))).toEqual([]);
  });
});
