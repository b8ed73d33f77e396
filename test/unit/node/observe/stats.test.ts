// `stats()` and what `util.inspect` shows, of WebSockets and servers: src/node/observe.

import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { selectKernel } from '../../../../src/index.js';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');

async function openPair(options: Partial<WebSocketServerOptions> = {}, perMessageDeflate = false) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => void server.shutdown({ timeout: 0 }));
  await next(server, 'listening');
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate });
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  const [webSocket] = await connection;
  return { server, client, webSocket };
}

describe('stats of a WebSocket', () => {
  test('count bytes and messages, in both directions and at both ends', async () => {
    const { client, webSocket } = await openPair();
    const message = next(webSocket, 'message');
    client.send('hello');
    await message;
    const answers = next(client, 'message');
    webSocket.send(Buffer.alloc(200));
    await answers;
    expect(webSocket.stats()).toMatchObject({
      ...{ bytesReceived: 11, bytesSent: 204, messagesReceived: 1, messagesSent: 1, messagesDropped: 0 },
      ...{ buffered: 0, held: 0, roundTripTime: undefined, readsDirectly: webSocket.readsDirectly },
    });
    expect(client.stats()).toMatchObject({ bytesReceived: 204, bytesSent: 11, messagesReceived: 1, messagesSent: 1 });
  });

  test('count a frame that the program has made as a message', async () => {
    const { client, webSocket } = await openPair();
    const message = next(client, 'message');
    webSocket._sender!.sendFrame([Buffer.from([0x81, 2]), Buffer.from('hi')]);
    expect(String((await message)[0])).toBe('hi');
    expect(webSocket.stats()).toMatchObject({ bytesSent: 4, messagesSent: 1 });
  });

  test('count a fragmented message once, and tell what is held of one that is not complete', async () => {
    const open = await startForRawClients();
    const { client, webSocket } = await open();
    const message = next(webSocket, 'message');
    client.send(stream(peer.text('one', { fin: false }), peer.continuation('two')));
    await message;
    client.send(stream(peer.binary(new Uint8Array(1000), { claimed: 5000n })));
    await expect.poll(() => webSocket.stats().held).toBeGreaterThanOrEqual(1000);
    expect(webSocket.stats().messagesReceived).toBe(1);
    webSocket.send('a', { fin: false });
    webSocket.send('b', { fin: true });
    expect(webSocket.stats().messagesSent).toBe(1);
  });

  test('tell what is buffered for a peer that does not read, and what was dropped', async () => {
    const open = await startForRawClients({ maxBackpressure: 1_000_000, backpressurePolicy: 'drop' });
    const { client, webSocket } = await open();
    client.socket.pause();
    for (let i = 0; i < 200; i++) webSocket.send(Buffer.alloc(100_000));
    const { buffered, messagesDropped, messagesSent } = webSocket.stats();
    expect(buffered).toBeGreaterThan(1_000_000);
    expect(messagesDropped).toBeGreaterThan(0);
    expect(messagesDropped + messagesSent).toBe(200);
  });

  test('measure the time from a ping to its pong', async () => {
    const open = await startForRawClients();
    const { client, webSocket } = await open();
    webSocket.ping('one');
    expect((await client.take(5)).toString('latin1')).toBe('\x89\x03one');
    await new Promise((resolve) => setTimeout(resolve, 60));
    const pong = next(webSocket, 'pong');
    client.send(stream(peer.pong('another')));
    await pong;
    expect(webSocket.stats().roundTripTime).toBeUndefined();
    const answer = next(webSocket, 'pong');
    client.send(stream(peer.pong('one')));
    await answer;
    const { roundTripTime } = webSocket.stats();
    expect(roundTripTime).toBeGreaterThanOrEqual(59);
    expect(roundTripTime).toBeLessThan(20_000);
  });

  test('tell how far messages were compressed, at both ends', async () => {
    const { server, client, webSocket } = await openPair({ perMessageDeflate: { threshold: 0 } }, true);
    const message = next(webSocket, 'message');
    client.send('compress me '.repeat(1000));
    await message;
    const { compression } = webSocket.stats();
    expect(compression.sent).toEqual({ messages: 0, plainBytes: 0, compressedBytes: 0, ratio: 1 });
    expect(compression.received).toMatchObject({ messages: 1, plainBytes: 12_000 });
    expect(compression.received.ratio).toBeGreaterThan(50);
    expect(client.stats().compression.sent).toEqual(compression.received);
    expect(server.stats().pool).toMatchObject({ contexts: 2, length: 64 * 1024 * 1024 });
    expect(server.stats().compression.received).toEqual(compression.received);
  });

  test('a long message that is compressed and inflated in slices counts as one, with all its bytes', async () => {
    const { client, webSocket } = await openPair({ perMessageDeflate: true }, true);
    const text = Array.from({ length: 300_000 }, (_, i) => `${(i * 7919) % 10_007} `).join('');
    const message = next(webSocket, 'message');
    client.send(text);
    await message;
    const { received } = webSocket.stats().compression;
    expect(received).toMatchObject({ messages: 1, plainBytes: text.length });
    expect(client.stats().compression.sent).toEqual(received);
  });

  test('are zeros before the connection is open, and stay as they were when it has ended', async () => {
    const { client, webSocket } = await openPair();
    const early = new WebSocket('ws://127.0.0.1:1');
    early.on('error', () => {});
    expect(early.stats()).toMatchObject({ bytesReceived: 0, messagesSent: 0, buffered: 0 });
    client.send('hello');
    await next(webSocket, 'message');
    client.terminate();
    await next(webSocket, 'close');
    expect(webSocket.stats()).toMatchObject({ bytesReceived: 11, messagesReceived: 1, buffered: 0 });
  });
});

describe('stats of a server', () => {
  test('sum up connections that are open, and those that have ended, by close code', async () => {
    const { server, client, webSocket } = await openPair({ maxPayload: 100 });
    const { port } = server.address() as AddressInfo;
    client.send('hello');
    await next(webSocket, 'message');
    const connection = next<[WebSocket]>(server, 'connection');
    const second = new WebSocket(`ws://127.0.0.1:${port}`);
    second.on('error', () => {});
    const [other] = await connection;
    await next(second, 'open');
    expect(server.stats()).toMatchObject({ connections: 2, opened: 2, closed: {}, messagesReceived: 1 });
    const closed = next(other, 'close');
    second.send('x'.repeat(101));
    await closed;
    client.close(4000);
    await next(webSocket, 'close');
    const { reason } = selectKernel();
    expect(server.stats()).toMatchObject({
      ...{ connections: 0, pendingHandshakes: 0, opened: 2, closed: { 1006: 1, 4000: 1 }, refused: {} },
      ...{ messagesReceived: 1, limits: { maxPayload: 1 }, held: 0, buffered: 0, pool: undefined },
      kernel: { name: selectKernel().kernel.name, reason },
      turns: { taken: expect.any(Number), waiting: 0 },
    });
  });
});

describe('util.inspect', () => {
  test('shows the state of a WebSocket, and the fields of the program', async () => {
    const { client, webSocket } = await openPair();
    Object.assign(webSocket, { user: 'alice' });
    const text = inspect(webSocket);
    expect(text).toMatch(/^WebSocket \{/);
    expect(text).toContain("readyState: 'OPEN'");
    expect(text).toMatch(/peer: '127\.0\.0\.1:\d+'/);
    expect(text).toContain("user: 'alice'");
    expect(text).not.toContain('_events');
    expect(inspect(client)).toContain(`peer: '${client.url}'`);
    expect(inspect([[[webSocket]]], { depth: 1 })).toContain('[Array]');
    expect(inspect({ a: { b: webSocket } }, { depth: 1 })).toContain('[WebSocket]');
    client.terminate();
    await next(client, 'close');
    expect(inspect(client)).toContain("readyState: 'CLOSED'");
  });

  test('shows the state of a server', async () => {
    const { server } = await openPair();
    const text = inspect(server);
    expect(text).toMatch(/^WebSocketServer \{/);
    expect(text).toContain("state: 'running'");
    expect(text).toContain('connections: 1');
    expect(text).toMatch(/kernel: '(wasm|portable)'/);
    expect(text).not.toContain('clients');
  });

  test('shows the name of the kernel and the reason, in place of its memory', () => {
    const { kernel, reason } = selectKernel();
    expect(inspect(selectKernel())).toBe(inspect({ name: kernel.name, reason }));
    expect(Object.keys(selectKernel())).toEqual(['kernel', 'reason']);
  });
});
