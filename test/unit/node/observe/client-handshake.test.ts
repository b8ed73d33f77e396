// The tracing channel of a client's handshake: src/node/observe/handshake-trace.ts, as src/node/client/client.ts uses it.

import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connect, WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { next, startServer } from '../../../support/servers/servers.js';

type Context = Record<string, unknown>;

const CHANNEL = 'wsimd:websocket:clientHandshake';

/** The names of the events with the status that the context has by then, and the context of each. */
function trace() {
  const events: string[] = [];
  const contexts: Context[] = [];
  const handlers = Object.fromEntries(
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => [
      name,
      (context: object) => {
        events.push(`${name} ${(context as Context).status}`);
        contexts.push(context as Context);
      },
    ]),
  ) as never;
  tracingChannel(CHANNEL).subscribe(handlers);
  onTestFinished(() => void tracingChannel(CHANNEL).unsubscribe(handlers));
  return { events, contexts };
}

async function startHttp(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  await next(server.listen(0, '127.0.0.1'), 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startEcho(): Promise<string> {
  const { url, stop } = await startServer();
  onTestFinished(stop);
  return url;
}

test('one that succeeds: all events have one context, with the WebSocket, the request and the status', async () => {
  const { events, contexts } = trace();
  const url = await startEcho();
  const client = new WebSocket(url);
  expect(events).toEqual(['start undefined', 'end undefined']);
  expect(contexts[0]).toMatchObject({ websocket: client, url: client.url });
  await next(client, 'open');
  expect(events.slice(2)).toEqual(['asyncStart 101', 'asyncEnd 101']);
  expect(new Set(contexts).size).toBe(1);
  expect(contexts[0]).toMatchObject({ websocket: client, request: { path: '/' }, error: undefined });
  client.terminate();
});

test.each(['without a listener', 'with a listener for unexpected-response'])(
  'one that the server refuses has the status and the error, %s',
  async (listener) => {
    const { events, contexts } = trace();
    const url = await startHttp((_, response) => void response.writeHead(403).end());
    const client = new WebSocket(url);
    const isLeft = listener.startsWith('with a');
    client.on('error', () => {});
    if (isLeft) client.on('unexpected-response', () => {});
    await (isLeft ? next(client, 'unexpected-response') : next(client, 'close'));
    client.terminate();
    await client.closed;
    expect(events.slice(2)).toEqual(['error 403', 'asyncStart 403', 'asyncEnd 403']);
    expect(contexts[0]!.error).toMatchObject({ code: 'WSIMD_UNEXPECTED_STATUS' });
  },
);

test('one that gets no answer has an error and no status: refused, aborted and timed out', async () => {
  const { events, contexts } = trace();
  const silent = await startHttp(() => {});
  const failures = [
    { client: new WebSocket('ws://127.0.0.1:1'), code: 'ECONNREFUSED' },
    { client: new WebSocket(silent, { handshakeTimeout: 50 }), code: 'WSIMD_HANDSHAKE_TIMEOUT' },
    { client: new WebSocket(silent), code: 'WSIMD_HANDSHAKE_ABORTED' },
  ];
  for (const { client } of failures) client.on('error', () => {});
  failures.at(-1)!.client.close();
  for (const { client } of failures) await client.closed;
  for (const { client, code } of failures) {
    const own = events.filter((_, i) => contexts[i]!.websocket === client);
    expect(own).toEqual([
      ...['start undefined', 'end undefined', 'error undefined', 'asyncStart undefined', 'asyncEnd undefined'],
    ]);
    expect(contexts.find(({ websocket }) => websocket === client)!.error).toMatchObject({ code });
  }
});

test('redirects are part of one handshake, whose context has the last address and request', async () => {
  const { events, contexts } = trace();
  const target = await startEcho();
  const url = await startHttp((_, response) => void response.writeHead(302, { Location: `${target}there` }).end());
  const client = await connect(url, { followRedirects: true });
  expect(events).toEqual(['start undefined', 'end undefined', 'asyncStart 101', 'asyncEnd 101']);
  expect(contexts[0]).toMatchObject({ url: `${target}there`, request: { path: '/there' } });
  client.terminate();
});

test('a status from before a redirect is not that of an address that cannot be reached', async () => {
  const { events } = trace();
  const url = await startHttp((_, response) => void response.writeHead(302, { Location: 'ws://127.0.0.1:1' }).end());
  await expect(connect(url, { followRedirects: true })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(events.slice(2)).toEqual(['error undefined', 'asyncStart undefined', 'asyncEnd undefined']);
});

test('one that throws in the constructor has its error before the end, and nothing comes later', async () => {
  const { events, contexts } = trace();
  const broken = () => {
    throw new Error('broken');
  };
  expect(() => new WebSocket('ws://127.0.0.1:1', { finishRequest: broken })).toThrow('broken');
  expect(events).toEqual(['start undefined', 'error undefined', 'end undefined']);
  expect(contexts[0]!.error).toMatchObject({ message: 'broken' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(events).toHaveLength(3);
});

test('on an HTTP/2 stream the status is 200, at both ends, and a client has no request', async () => {
  const { events, contexts } = trace();
  const statuses: unknown[] = [];
  const onEnd = (context: unknown) => void statuses.push((context as Context).status);
  const { asyncEnd } = tracingChannel('wsimd:websocket:handshake');
  asyncEnd.subscribe(onEnd);
  onTestFinished(() => void asyncEnd.unsubscribe(onEnd));
  const http2 = createHttp2Server({ settings: { enableConnectProtocol: true } });
  onTestFinished(() => void http2.close());
  const server = new WebSocketServer({ server: http2 });
  await next(http2.listen(0, '127.0.0.1'), 'listening');
  const { port } = http2.address() as AddressInfo;
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const client = await connect(`ws://127.0.0.1:${port}/`, { session });
  expect(events).toEqual(['start undefined', 'end undefined', 'asyncStart 200', 'asyncEnd 200']);
  expect(contexts[0]).toMatchObject({ websocket: client, request: undefined });
  expect(statuses).toEqual([200]);
  await server.shutdown({ timeout: 0 });
});

test('the async context of its subscribers reaches the end of the handshake', async () => {
  const store = new AsyncLocalStorage<object>();
  const { start, asyncEnd } = tracingChannel(CHANNEL);
  start.bindStore(store, (context) => context as object);
  const seen: unknown[] = [];
  const onEnd = (context: unknown) => void seen.push(context, store.getStore());
  asyncEnd.subscribe(onEnd);
  onTestFinished(() => {
    start.unbindStore(store);
    asyncEnd.unsubscribe(onEnd);
  });
  const client = await connect(await startEcho());
  expect(seen).toHaveLength(2);
  expect(seen[1]).toBe(seen[0]);
  client.terminate();
});
