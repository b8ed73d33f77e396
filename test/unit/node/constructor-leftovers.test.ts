// What a constructor has begun when it throws: nothing. A timer, a socket or a listener that stays strikes later, when no
// caller is there to catch it.

import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ClientOptions, connect, WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { record } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';
import { freePort } from '../../support/servers/tcp.js';

const TIMEOUT = 20;

async function listen(): Promise<{ server: Server; url: string }> {
  const server = createServer().on('upgrade', () => {});
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

afterEach(() => {
  vi.restoreAllMocks();
});

function fail(): never {
  throw new Error('finishRequest fails');
}

const WRONG: readonly [string, ClientOptions, string][] = [
  ['a header with a line break', { headers: { 'X-User': 'a\r\nb' } }, 'X-User'],
  ['a header whose name is no token', { headers: { 'a b': 'c' } }, 'a b'],
  ['a finishRequest that throws', { finishRequest: fail }, 'finishRequest'],
  ['an origin with a line break', { origin: 'a\r\nb' }, 'Origin'],
  ['an option of node:http that is none', { agent: 5 as never }, 'agent'],
];

describe('a client with', () => {
  test.each(WRONG)('%s leaves no timer and no connection', async (_what, options, named) => {
    const { server, url } = await listen();
    const emit = vi.spyOn(WebSocket.prototype, 'emit');
    expect(() => new WebSocket(url, { handshakeTimeout: TIMEOUT, ...options })).toThrow(named);
    await expect(connect(url, { handshakeTimeout: TIMEOUT, ...options })).rejects.toThrow(named);
    await wait(3 * TIMEOUT);
    expect(emit.mock.calls.filter(([name]) => name === 'error' || name === 'close')).toEqual([]);
    const connections = () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
  });

  test.each(['close', 'terminate'] as const)('a finishRequest that calls %s does not open', async (method) => {
    const { url } = await listen();
    const finishRequest: ClientOptions['finishRequest'] = (request, webSocket) => {
      request.end();
      webSocket[method]();
    };
    const client = new WebSocket(url, { finishRequest });
    const events = record(client, ['open', 'error', 'close']);
    expect(client.readyState).toBe(WebSocket.CLOSING);
    await next(client, 'close');
    expect(events).toEqual([
      ['error', expect.objectContaining({ code: 'WSIMD_HANDSHAKE_ABORTED' })],
      ['close', 1006, Buffer.alloc(0)],
    ]);
  });

  test.each(WRONG.slice(0, 2))('%s over HTTP/2 leaves no timer and no stream', async (_what, options, named) => {
    const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
    const streams: unknown[] = [];
    server.on('stream', (stream) => streams.push(stream));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    await next(session, 'remoteSettings');
    const emit = vi.spyOn(WebSocket.prototype, 'emit');
    const url = `ws://127.0.0.1:${port}`;
    expect(() => new WebSocket(url, { handshakeTimeout: TIMEOUT, session, ...options })).toThrow(named);
    await wait(3 * TIMEOUT);
    expect(emit).not.toHaveBeenCalled();
    expect(streams).toEqual([]);
  });
});

describe('a server', () => {
  const NAMES = ['listening', 'error', 'upgrade', 'connection', 'request'];
  const count = (server: Server) => NAMES.map((name) => server.listenerCount(name));

  test.each([
    ['maxPayload', { maxPayload: Number.NaN }],
    ['serverMaxWindowBits', { perMessageDeflate: { serverMaxWindowBits: 16 } }],
    ['heartbeat.interval', { heartbeat: { interval: 2 ** 31 } }],
    ['WebSocket', { WebSocket: class {} as never }],
    ['kernel', { kernel: 'native' as 'wasm' }],
  ])('with a wrong %s listens to nobody', async (name, options) => {
    const { server } = await listen();
    const before = count(server);
    expect(() => new WebSocketServer({ server, ...options })).toThrow(name);
    expect(count(server)).toEqual(before);
    const port = await freePort();
    expect(() => new WebSocketServer({ port, ...options })).toThrow(name);
    // The port is free: nothing listens on it.
    const next = createServer();
    await new Promise<void>((resolve) => next.listen(port, resolve));
    next.close();
  });
});
