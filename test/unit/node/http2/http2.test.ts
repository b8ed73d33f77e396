// WebSockets over HTTP/2 (RFC 8441): our server and our client, several on one connection, HTTP/1.1 on the same port, and what is
// refused.

import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Stream,
  type ServerHttp2Stream,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect as connectSocket, createServer as createRelay } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { IMPLEMENTATIONS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const settings = { enableConnectProtocol: true };
const certificate = makeCertificate();

// RFC 9113, sections 3.4, 4.1 and 6.1.
const PREFACE = 24;
const FRAME_HEADER = 9;
const DATA = 0;
const END_STREAM = 1;

/** Takes what a client of HTTP/2 sends, and tells of each frame. */
function http2Frames(onFrame: (type: number, flags: number, length: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let start = PREFACE;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= start + FRAME_HEADER) {
      const length = rest.readUIntBE(start, 3);
      onFrame(rest[start + 3]!, rest[start + 4]!, length);
      start += FRAME_HEADER + length;
    }
  };
}

async function start(
  http2Server: Http2Server | Http2SecureServer,
  options: Omit<WebSocketServerOptions, 'port' | 'noServer' | 'server'> = {},
) {
  const server = new WebSocketServer({ server: http2Server, ...options });
  server.on('connection', (webSocket) => {
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
  const { port } = http2Server.address() as AddressInfo;
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    http2Server.close();
  });
  const isSecure = 'setSecureContext' in http2Server;
  const session = connect(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return { server, session, port, url: `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}` };
}

async function openOn(
  { url, session }: Awaited<ReturnType<typeof start>>,
  path = '/',
  protocols: string[] = [],
  options: object = {},
): Promise<WebSocket> {
  const client = new WebSocket(url + path, protocols, { session, ...options });
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  return client;
}

describe.each([
  ['in the clear', () => createServer({ settings })],
  ['over TLS', () => createSecureServer({ ...certificate, settings, allowHTTP1: true })],
] as const)('%s', (_name, create) => {
  test('messages of every length both ways, pings, the close', async () => {
    const running = await start(create());
    const connection = next<[WebSocket, { url: string; headers: Record<string, string> }]>(
      running.server,
      'connection',
    );
    const client = await openOn(running, '/chat?room=1', ['a', 'b'], {
      headers: { 'X-Test': 'yes' },
      origin: 'http://o',
    });
    const [served, request] = await connection;
    expect([client.protocol, served.protocol, request.url]).toEqual(['a', 'a', '/chat?room=1']);
    expect(request.headers).toMatchObject({ 'x-test': 'yes', origin: 'http://o', ':protocol': 'websocket' });
    for (const size of [0, 1, 125, 126, 65535, 65536, 1_000_000]) {
      for (const data of ['x'.repeat(size), Buffer.alloc(size, 'bytes')]) {
        const echo = next<[Buffer, boolean]>(client, 'message');
        client.send(data);
        const [got, isBinary] = await echo;
        expect([got.equals(Buffer.from(data as string)), isBinary]).toEqual([true, typeof data !== 'string']);
      }
    }
    const pong = next<[Buffer]>(client, 'pong');
    client.ping('there?');
    expect(String((await pong)[0])).toBe('there?');
    const closes = Promise.all([next(client, 'close'), next(served, 'close')]);
    client.close(4000, 'bye');
    expect(await closes).toEqual([
      [4000, Buffer.from('bye')],
      [4000, Buffer.from('bye')],
    ]);
    expect(running.server.clients.size).toBe(0);
  });

  test('a hundred on one connection', async () => {
    const running = await start(create());
    const clients = await Promise.all(Array.from({ length: 100 }, () => openOn(running)));
    const echoes = Promise.all(clients.map((client) => next<[Buffer]>(client, 'message')));
    for (const [i, client] of clients.entries()) client.send(`message ${i}`);
    expect((await echoes).map(([data]) => String(data))).toEqual(clients.map((_client, i) => `message ${i}`));
    expect(running.server.clients.size).toBe(100);
  });

  test('a hundred at once on a connection whose settings have not come: no warning of too many listeners', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.message);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.removeListener('warning', onWarning);
    });
    const running = await start(create());
    const before = ['close', 'remoteSettings'].map((event) => running.session.listenerCount(event));
    const openings = Array.from({ length: 100 }, () => openOn(running));
    const during = ['close', 'remoteSettings'].map((event) => running.session.listenerCount(event));
    expect(during).toEqual(before.map((count) => count + 1));
    expect(await Promise.all(openings)).toHaveLength(100);
    expect(running.session.listenerCount('remoteSettings')).toBe(before[1]);
    expect(warnings).toEqual([]);
  });

  test('a hundred that wait for settings: all fail when the connection is closed before', async () => {
    const { session, url } = await start(create());
    const clients = Array.from({ length: 100 }, () => new WebSocket(url, { session }));
    const closes = clients.map((client) =>
      Promise.all([next<[Error]>(client, 'error'), next<[number]>(client, 'close')]),
    );
    session.destroy();
    for (const [[error], [code]] of await Promise.all(closes)) {
      expect([error, code]).toEqual([expect.objectContaining({ code: 'WSIMD_NO_CONNECT' }), 1006]);
    }
  });

  test('a stream that nothing can be sent on when verifyClient has thought about it is reset', async () => {
    const streams: ServerHttp2Stream[] = [];
    const http2Server = create();
    http2Server.on('stream', (stream: ServerHttp2Stream) => streams.push(stream));
    const { session, url } = await start(http2Server, {
      verifyClient: (_info, done) => {
        streams[0]!.end();
        done(true);
      },
    });
    const client = new WebSocket(url, { session });
    client.on('error', () => {});
    await next(client, 'close');
    expect(streams.map(({ rstCode }) => rstCode)).toEqual([constants.NGHTTP2_CANCEL]);
  });

  test('either side may cut it; the connection and the other streams go on', async () => {
    const running = await start(create());
    const connections = record(running.server, ['connection']);
    const [first, second, third] = [await openOn(running), await openOn(running), await openOn(running)];
    const served = connections.map(([, webSocket]) => webSocket as WebSocket);
    const closes = Promise.all([first, second, ...served.slice(0, 2)].map((webSocket) => next(webSocket!, 'close')));
    first!.terminate();
    served[1]!.terminate();
    expect((await closes).map(([code]) => code)).toEqual([1006, 1006, 1006, 1006]);
    const resets = [first, served[1]].map((webSocket) => (webSocket!._socket as Http2Stream).rstCode);
    expect(resets).toEqual([constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
    const echo = next<[Buffer]>(third!, 'message');
    third!.send('still there');
    expect(String((await echo)[0])).toBe('still there');
  });

  test('a client cuts a stream behind one that the server has ended and reset', async () => {
    const running = await start(create());
    const connections = record(running.server, ['connection']);
    const [first, second] = [await openOn(running), await openOn(running)];
    const [stream, served] = connections.map(([, webSocket]) => webSocket as WebSocket);
    const closed = next<[number]>(first!, 'close');
    stream!._socket!.end();
    (stream!._socket as ServerHttp2Stream).close(constants.NGHTTP2_CANCEL);
    expect((await closed)[0]).toBe(1006);
    const closes = Promise.all([next<[number]>(second!, 'close'), next<[number]>(served!, 'close')]);
    // Node 20 may never return from the destroy of a stream that has not been closed before.
    second!.terminate();
    expect((await closes).map(([code]) => code)).toEqual([1006, 1006]);
  });

  test('a broken rule ends the stream with its close code', async () => {
    const running = await start(create());
    const connection = next<[WebSocket]>(running.server, 'connection');
    const client = await openOn(running);
    const [served] = await connection;
    const events = record(served, ['error', 'close']);
    const closed = next<[number]>(client, 'close');
    client._socket?.write(Uint8Array.of(0x83, 0x80, 0, 0, 0, 0));
    expect((await closed)[0]).toBe(1002);
    await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(events[0]?.[1]).toMatchObject({ code: 'WS_ERR_INVALID_OPCODE' });
  });

  test('after both Closes the client ends its side of the stream, whether or not the server has ended its own', async () => {
    const http2Server = create();
    const ended = new Promise<string>((resolve) => {
      http2Server.on('stream', (stream) => {
        stream.respond({ ':status': 200 });
        const received: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => {
          received.push(chunk);
          // It echoes the Close frame, and waits.
          if (received.length === 1) stream.write(Uint8Array.of(0x88, 2, 0x0f, 0xa0));
        });
        stream.on('end', () => {
          resolve(Buffer.concat(received).toString('hex', 0, 2));
          stream.end();
        });
      });
    });
    const port = await new Promise<number>((resolve) => {
      http2Server.listen(0, '127.0.0.1', () => resolve((http2Server.address() as AddressInfo).port));
    });
    const isSecure = 'setSecureContext' in http2Server;
    const session = connect(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    onTestFinished(() => {
      session.destroy();
      http2Server.close();
    });
    const client = new WebSocket(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}/`, {
      session,
      closeTimeout: 600_000,
    });
    await next(client, 'open');
    const closed = next<[number]>(client, 'close');
    client.close(4000);
    expect(await ended).toBe('8882');
    expect((await closed)[0]).toBe(4000);
  });

  test('the options of the server hold: path, verifyClient, handleProtocols, headers, origin', async () => {
    const running = await start(create(), {
      path: '/chat',
      origin: ['https://good.example'],
      handleProtocols: (protocols) => (protocols.has('b') ? 'b' : false),
      verifyClient: ({ req }, done) => {
        setImmediate(() => done(req.headers.cookie === 'a=1', 402, 'pay', { 'X-Why': 'money', Connection: 'close' }));
      },
    });
    running.server.on('headers', (headers) => headers.push('X-Added: yes'));
    const options = { headers: { Cookie: 'a=1' }, origin: 'https://good.example' };
    expect((await openOn(running, '/chat', ['a', 'b'], options)).protocol).toBe('b');
    for (const [path, changed, status] of [
      ['/other', options, 400],
      ['/chat', { ...options, origin: 'https://bad.example' }, 403],
      ['/chat', { ...options, headers: {} }, 402],
    ] as const) {
      const client = new WebSocket(running.url + path, ['b'], { session: running.session, ...changed });
      expect(String((await next(client, 'error'))[0])).toContain(`Unexpected server response: ${status}`);
    }
    expect(running.server.clients.size).toBe(1);
  });

  test('ordinary requests are the business of others, and CONNECTs to hosts are refused', async () => {
    const http2Server = create();
    http2Server.on('request', (_request, response) => response.end('plain'));
    const running = await start(http2Server);
    const read = async (headers: Record<string, string>) => {
      const stream = running.session.request(headers);
      stream.on('error', () => {});
      const [answer] = await next<[Record<string, unknown>]>(stream, 'response');
      stream.destroy();
      return answer[':status'];
    };
    expect(await read({ ':path': '/' })).toBe(200);
    await openOn(running);
    expect(await read({ ':method': 'CONNECT', ':authority': 'example.com:443' })).toBe(405);
    expect(
      await read({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':path': '/',
        ':authority': 'x',
        'sec-websocket-version': '8',
      }),
    ).toBe(426);
  });
});

test.each(['client', 'server'] as const)('no Close of a client ends the stream; begun by the %s', async (beginner) => {
  const running = await start(createServer({ settings }));
  const frames: string[] = [];
  const relay = createRelay((from) => {
    const upstream = connectSocket(running.port, '127.0.0.1');
    const read = http2Frames((type, flags, length) => {
      if (type === DATA) frames.push(`${length} bytes${(flags & END_STREAM) !== 0 ? ', the end' : ''}`);
    });
    from.on('data', read);
    from.pipe(upstream).pipe(from);
    for (const socket of [from, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const session = connect(url.replace('ws', 'http'));
  session.on('error', () => {});
  onTestFinished(() => {
    session.destroy();
    relay.close();
  });
  const connection = next<[WebSocket]>(running.server, 'connection');
  const client = await openOn({ ...running, url, session });
  const [served] = await connection;
  const closes = Promise.all([next<[number]>(client, 'close'), next<[number]>(served, 'close')]);
  (beginner === 'client' ? client : served).close(4000);
  expect((await closes).map(([code]) => code)).toEqual([4000, 4000]);
  // The Close of a client: a header of two bytes, a masking key, the code.
  await expect.poll(() => frames).toEqual(['8 bytes', '0 bytes, the end']);
});

test.each(IMPLEMENTATIONS)('HTTP/1.1 on the same port: the client of %s', async (_name, { WebSocket: Client }) => {
  const http2Server = createSecureServer({ ...certificate, settings, allowHTTP1: true });
  http2Server.on('request', (_request, response) => response.end('plain'));
  const running = await start(http2Server);
  const overHttp2 = await openOn(running);
  const client = new Client(running.url, { rejectUnauthorized: false });
  await next(client, 'open');
  for (const webSocket of [client, overHttp2]) {
    const echo = next<[Buffer]>(webSocket, 'message');
    webSocket.send('hello');
    expect(String((await echo)[0])).toBe('hello');
  }
  expect(running.server.clients.size).toBe(2);
  const response = await new Promise<{ httpVersion: string }>((resolve) => {
    httpsRequest(running.url.replace('wss', 'https'), { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer);
    }).end();
  });
  expect(response.httpVersion).toBe('1.1');
  client.terminate();
});

test('a server that does not offer it, and a connection that is closed', async () => {
  const running = await start(createServer());
  const client = new WebSocket(running.url, { session: running.session });
  expect((await next<[{ code: string }]>(client, 'error'))[0].code).toBe('WSIMD_NO_CONNECT');
  running.session.destroy();
  const late = new WebSocket(running.url, { session: running.session });
  const events = record(late, ['error', 'close']);
  await next(late, 'close');
  expect(events.map(([name]) => name)).toEqual(['error', 'close']);
});
