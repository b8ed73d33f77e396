// The options `signal` and `signalScope` of a client, over HTTP/1.1 and HTTP/2.

import { getEventListeners } from 'node:events';
import { connect as connectHttp2, createServer } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, connect, WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { listen, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

type Start = () => Promise<{ server: WebSocketServer; url: string; options: ClientOptions }>;

const overHttp1: Start = async () => ({
  ...(await listen({ WebSocket, WebSocketServer } as never)),
  options: {},
});

const overHttp2: Start = async () => {
  const http2Server = createServer({ settings: { enableConnectProtocol: true } });
  const server = new WebSocketServer({ server: http2Server });
  await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(http2Server.address() as AddressInfo).port}`;
  const session = connectHttp2(`http://${address}`);
  session.on('error', () => {});
  onTestFinished(() => {
    session.destroy();
    http2Server.close();
  });
  return { server, url: `ws://${address}/`, options: { session } };
};

/** Before Node 22, the reset of the stream overtakes the Close frame. */
const RESET_OVERTAKES = Number(process.versions.node.split('.')[0]) < 22;

const ABORTED = [
  ['error', expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' })],
  ['close', 1006, Buffer.alloc(0)],
];

describe.each([
  ['HTTP/1.1', overHttp1, 1001],
  ['HTTP/2', overHttp2, RESET_OVERTAKES ? 1006 : 1001],
])('%s', (_name, start, closeCode) => {
  test('scope connection: an open connection is closed and cut, with an AbortError', async () => {
    const { server, url, options } = await start();
    const connection = next<[WebSocket]>(server, 'connection');
    const controller = new AbortController();
    const client = await connect(url, { ...options, signal: controller.signal, signalScope: 'connection' });
    const [served] = await connection;
    const closed = next<[number]>(served, 'close');
    const events = record(client, ['error', 'close']);
    const ended = next(client, 'close');
    controller.abort('enough');
    expect((await closed)[0]).toBe(closeCode);
    await ended;
    expect(events).toEqual(ABORTED);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('the default: an open connection stays open, and nothing listens to the signal', async () => {
    const { url, options } = await start();
    const controller = new AbortController();
    const client = await connect(url, { ...options, signal: controller.signal });
    onTestFinished(() => client.terminate());
    const events = record(client, ['error', 'close']);
    controller.abort();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([client.readyState, events]).toEqual([WebSocket.OPEN, []]);
  });

  test.each(['handshake', 'connection'] as const)('scope %s: an attempt is ended, once', async (signalScope) => {
    const { url, options } = await start();
    for (const isEarly of [true, false]) {
      const controller = new AbortController();
      if (isEarly) controller.abort('enough');
      const client = new WebSocket(url, { ...options, signal: controller.signal, signalScope });
      const events = record(client, ['open', 'error', 'close']);
      const closed = next(client, 'close');
      controller.abort('enough');
      await closed;
      expect(events).toEqual(ABORTED);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }
  });

  test('a connection that ends by itself leaves no listener on the signal', async () => {
    const { url, options } = await start();
    const controller = new AbortController();
    const client = await connect(url, { ...options, signal: controller.signal, signalScope: 'connection' });
    client.close();
    await client.closed;
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    const events = record(client, ['error']);
    controller.abort();
    expect(events).toEqual([]);
  });
});

test('an abort without an error listener throws nothing', async () => {
  const { url } = await overHttp1();
  const controller = new AbortController();
  const client = await connect(url, { signal: controller.signal, signalScope: 'connection' });
  controller.abort();
  expect(await client.closed).toMatchObject({ closeCode: 1006 });
});

test('a signal ends an attempt to negotiate HTTP/2', async () => {
  const server = createTcpServer(() => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const controller = new AbortController();
  const client = new WebSocket(url, { http2: 'auto', signal: controller.signal });
  const events = record(client, ['error', 'close']);
  const closed = next(client, 'close');
  controller.abort('enough');
  await closed;
  expect(events).toEqual(ABORTED);
});

test('what is no signal, and what is no scope, is refused', () => {
  expect(() => new WebSocket('ws://localhost', { signal: {} as AbortSignal })).toThrow(/signal/);
  expect(() => new WebSocket('ws://localhost', { signalScope: 'all' as 'connection' })).toThrow(/signalScope/);
});
