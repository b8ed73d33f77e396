// src/web/: WebSockets over pairs of byte streams, both ends ours: messages of all lengths, plain and compressed.

import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { acceptWebSocket, connectWebSocket, type Message } from '../../../../src/web/index.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { connectedStreams } from '../memory-streams.js';
import { open, readAll, sameAs, URL } from './open.js';

describe.each(KERNEL_NAMES)('a WebSocket over streams, on the %s kernel', (kernel) => {
  it('echoes texts and bytes of all lengths in order, and ends cleanly', async () => {
    const { client, server, openClient, openServer } = await open({ kernel });
    const sent: Message[] = ['', 'grün', '漢字'.repeat(40_000)];
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) sent.push(randomBytes(length, length));
    const echo = openServer.readable.pipeTo(openServer.writable);
    const received = readAll(openClient.readable);
    const writer = openClient.writable.getWriter();
    for (const message of sent) await writer.write(message);
    await writer.write(Uint8Array.of(0, 1, 2, 3).subarray(1, 3));
    await writer.write(Uint16Array.of(0x0201).buffer);
    await writer.write(new DataView(Uint8Array.of(0, 1, 2).buffer, 1));
    // Messages and a Close frame that come together have no echo: the connection is closed before the pipe is given them.
    await new Promise((resolve) => setTimeout(resolve, 10));
    client.close({ closeCode: 4001, reason: 'enough' });
    // Echoes that were on their way when we closed come too.
    const wanted = [...sent, ...Array.from({ length: 3 }, () => Uint8Array.of(1, 2))];
    expect((await received).map((message, i) => sameAs(wanted[i], message))).toEqual(wanted.map(() => true));
    expect(await client.closed).toEqual({ closeCode: 4001, reason: 'enough' });
    expect(await server.closed).toEqual({ closeCode: 4001, reason: 'enough' });
    await echo.catch(() => {});
  });
});

describe('permessage-deflate', () => {
  it('is agreed on, compresses both ways, and gives its memory back', async () => {
    const deflate = new PerMessageDeflate();
    const lengths: number[] = [];
    const [near, far] = connectedStreams(4);
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        lengths.push(chunk.length);
        controller.enqueue(chunk);
      },
    });
    void counted.readable.pipeTo(near.writable).catch(() => {});
    const server = acceptWebSocket(far, { perMessageDeflate: deflate });
    const client = connectWebSocket(
      { readable: near.readable, writable: counted.writable },
      { url: URL, perMessageDeflate: deflate },
    );
    const [atServer, atClient] = await Promise.all([server.opened, client.opened]);
    expect(atClient.extensions).toMatch(/^permessage-deflate/);
    expect(atServer.extensions).toBe(atClient.extensions);
    expect(deflate.poolUse.contexts).toBe(4);
    atServer.readable.pipeTo(atServer.writable).catch(() => {});
    const writer = atClient.writable.getWriter();
    const reader = atClient.readable.getReader();
    const text = 'the same words again and again '.repeat(1000);
    for (const message of [text, 'short', new Uint8Array(100_000)]) {
      void writer.write(message);
      expect(sameAs((await reader.read()).value, message)).toBe(true);
    }
    expect(lengths.slice(1).reduce((a, b) => a + b)).toBeLessThan(2000);
    client.close();
    await Promise.all([client.closed, server.closed]);
    expect(deflate.poolUse.contexts).toBe(0);
  });

  it('is not agreed on by a side that has none', async () => {
    const [near, far] = connectedStreams();
    acceptWebSocket(far);
    const { extensions } = await connectWebSocket(near, { url: URL, perMessageDeflate: new PerMessageDeflate() })
      .opened;
    expect(extensions).toBe('');
  });
});
