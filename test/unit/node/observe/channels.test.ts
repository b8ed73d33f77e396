// src/node/observe: what connections report on their channels, and that they make nothing for a channel that nobody has subscribed to.

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

type Message = Record<string, unknown>;

const peer = new Peer('server');
const NAMES = [
  ...[
    'open',
    'close',
    'messageReceived',
    'messageSent',
    'ping',
    'pong',
    'socket_error',
    'limit',
    'backpressure',
    'drain',
  ],
  'compression',
  'messageCompression',
];

/** Everything that a channel reports until the test is over. */
function listen(name: string): Message[] {
  const messages: Message[] = [];
  const listener = (message: unknown) => void messages.push(message as Message);
  subscribe(`wsimd:websocket:${name}`, listener);
  onTestFinished(() => void unsubscribe(`wsimd:websocket:${name}`, listener));
  return messages;
}

async function start(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => void server.shutdown({ timeout: 0 }));
  await next(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `ws://127.0.0.1:${port}` };
}

async function ask(port: number, change = (head: string) => head): Promise<number> {
  const client = new RawClient(port);
  onTestFinished(() => void client.socket.destroy());
  client.send(change(requestHead(port)));
  return Number((await client.takeHead()).slice(9, 12));
}

test('open, messages, ping, pong and close are reported, with the WebSocket', async () => {
  const [opens, closes, received, sent] = ['open', 'close', 'messageReceived', 'messageSent'].map(listen);
  const [pings, pongs] = ['ping', 'pong'].map(listen);
  const open = await startForRawClients({ textAs: 'string' });
  const { client, webSocket } = await open();
  expect(opens).toEqual([{ websocket: webSocket, protocol: '', extensions: '' }]);
  const pong = next(webSocket, 'pong');
  client.send(stream(peer.text('in'), peer.binary(Uint8Array.of(1, 2)), peer.ping('?'), peer.pong('!')));
  await pong;
  webSocket.send('out');
  expect(received).toEqual([
    { websocket: webSocket, data: 'in', isBinary: false },
    { websocket: webSocket, data: Buffer.of(1, 2), isBinary: true },
  ]);
  expect(sent).toEqual([{ websocket: webSocket, data: 'out', isBinary: false }]);
  expect(pings).toEqual([{ websocket: webSocket, payload: new Uint8Array(Buffer.from('?')) }]);
  expect(pongs).toEqual([
    { websocket: webSocket, payload: new Uint8Array(Buffer.from('!')), roundTripTime: undefined },
  ]);
  const closed = next(webSocket, 'close');
  client.send(stream(peer.close(4000, 'bye')));
  await closed;
  expect(closes).toEqual([{ websocket: webSocket, code: 4000, reason: 'bye', wasClean: true }]);
});

test('errors and limits are reported, without any listener on the WebSocket', async () => {
  const [errors, limits] = ['socket_error', 'limit'].map(listen);
  const open = await startForRawClients({ maxPayload: 10 });
  const { client, webSocket } = await open();
  client.send(stream(peer.text('much too long')));
  await client.closed;
  expect(errors).toEqual([
    { websocket: webSocket, error: expect.objectContaining({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' }) },
  ]);
  expect(limits).toEqual([{ websocket: webSocket, limit: 'maxPayload' }]);
});

test('backpressure is reported once, and once that it is over', async () => {
  const [backpressures, drains] = ['backpressure', 'drain'].map(listen);
  const open = await startForRawClients();
  const { client, webSocket } = await open();
  // What comes is 20 MB, which need not be kept.
  client.socket.removeAllListeners('data');
  client.socket.pause();
  for (let i = 0; i < 200; i++) webSocket.send(Buffer.alloc(100_000));
  expect(backpressures).toEqual([{ websocket: webSocket, buffered: expect.any(Number) }]);
  expect(backpressures![0]!.buffered).toBeGreaterThan(50_000);
  expect(drains).toEqual([]);
  client.socket.resume();
  await expect.poll(() => drains?.length).toBe(1);
  expect(drains?.[0]?.websocket).toBe(webSocket);
  expect(backpressures).toHaveLength(1);
});

describe('compression', () => {
  test.each<[string, Partial<WebSocketServerOptions>, boolean, string]>([
    ['negotiated', { perMessageDeflate: true }, true, 'negotiated'],
    ['off', {}, true, 'perMessageDeflate is off'],
    ['not offered', { perMessageDeflate: true }, false, 'the client did not offer it'],
  ])('whether it is used, and why not: %s', async (_, options, perMessageDeflate, reason) => {
    const decisions = listen('compression');
    const { url } = await start(options);
    const client = new WebSocket(url, { perMessageDeflate });
    await next(client, 'open');
    expect(decisions).toMatchObject([{ isNegotiated: reason === 'negotiated', extensions: client.extensions, reason }]);
    client.terminate();
  });
});

describe('the handshake', () => {
  const HANDSHAKE = 'wsimd:websocket:handshake';

  /** The names of the events, each with the status that the context has by then. */
  function trace() {
    const events: string[] = [];
    const contexts: Message[] = [];
    const handlers = Object.fromEntries(
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => [
        name,
        (context: object) => {
          events.push(`${name} ${(context as Message).status}`);
          contexts.push(context as Message);
        },
      ]),
    ) as never;
    tracingChannel(HANDSHAKE).subscribe(handlers);
    onTestFinished(() => tracingChannel(HANDSHAKE).unsubscribe(handlers));
    return { events, contexts };
  }

  test('one that is accepted at once, and one that is decided on later', async () => {
    const { events, contexts } = trace();
    const { server, port } = await start();
    expect(await ask(port)).toBe(101);
    expect(events).toEqual(['start undefined', 'asyncStart 101', 'asyncEnd 101', 'end 101']);
    const [webSocket] = server.clients;
    expect(new Set(contexts).size).toBe(1);
    expect(contexts[0]).toMatchObject({ server, websocket: webSocket, request: { url: '/' } });
    events.length = 0;
    const later = await start({ verifyClient: async () => true });
    expect(await ask(later.port)).toBe(101);
    expect(events).toEqual(['start undefined', 'end undefined', 'asyncStart 101', 'asyncEnd 101']);
  });

  test('one that is refused, one that breaks a rule, one whose program throws', async () => {
    const { events, contexts } = trace();
    const refusing = await start({ verifyClient: () => false });
    expect(await ask(refusing.port)).toBe(401);
    expect(events).toEqual(['start undefined', 'asyncStart 401', 'asyncEnd 401', 'end 401']);
    events.length = 0;
    expect(await ask(refusing.port, (head) => head.replace('Version: 13', 'Version: 8'))).toBe(426);
    expect(events).toEqual(['start undefined', 'error 426', 'asyncStart 426', 'asyncEnd 426', 'end 426']);
    expect(contexts.at(-1)!.error).toMatchObject({ code: 'WSIMD_BAD_VERSION' });
    expect(refusing.server.stats().refused).toEqual({ 401: 1, 426: 1 });
  });

  test('one whose client resets the connection before it is answered', async () => {
    const { events } = trace();
    const { port } = await start({ verifyClient: () => new Promise<boolean>(() => {}) });
    const client = new RawClient(port);
    client.send(requestHead(port));
    await expect.poll(() => events.length).toBe(2);
    client.socket.resetAndDestroy();
    await expect
      .poll(() => events)
      .toEqual([...['start undefined', 'end undefined', 'asyncStart undefined', 'asyncEnd undefined']]);
  });

  test('its async context reaches verifyClient, and listeners for connection', async () => {
    const store = new AsyncLocalStorage<object>();
    const { start: started } = tracingChannel(HANDSHAKE);
    started.bindStore(store, (context) => context as object);
    onTestFinished(() => void started.unbindStore(store));
    const seen: unknown[] = [];
    const { server, port } = await start({
      verifyClient: async () => {
        seen.push(store.getStore());
        return true;
      },
    });
    server.on('connection', () => seen.push(store.getStore()));
    expect(await ask(port)).toBe(101);
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toMatchObject({ server, status: 101 });
    expect(seen[1]).toBe(seen[0]);
  });
});

test('nothing is published without a subscriber', async () => {
  const spies = NAMES.map((name) => vi.spyOn(channel(`wsimd:websocket:${name}`), 'publish'));
  onTestFinished(() => void vi.restoreAllMocks());
  const open = await startForRawClients({ maxPayload: 1000 });
  const { client, webSocket } = await open();
  const pong = next(webSocket, 'pong');
  client.send(stream(peer.text('in'), peer.ping('?'), peer.pong('!')));
  await pong;
  webSocket.send('out');
  client.send(stream(peer.text('x'.repeat(2000))));
  await client.closed;
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
});
