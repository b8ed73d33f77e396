// src/node/server/server.ts and upgrade.ts: header lines that must not be sent, functions of the program that are `async` or
// throw, and what becomes of the socket then.

import type { IncomingMessage } from 'node:http';
import { createServer as createHttp2, createSecureServer } from 'node:http2';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { type HttpServer, listenHttp, listenHttp2, listenHttps, TRANSPORTS } from '../../../support/peers/askers.js';
import { watchUncaught } from '../../../support/programs/uncaught.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const KEEP_ALIVE = ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: gzip', 'Transfer-Encoding: chunked'];

function serve(
  httpServer: HttpServer,
  options: Partial<WebSocketServerOptions>,
  Server: new (options: WebSocketServerOptions) => WebSocketServer = WebSocketServer,
) {
  const server = new Server({ ...options, server: httpServer });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return server;
}

/** Lines that would break out of their line, or are none, and the header that an error names. */
const BAD_LINES: readonly [string, string, string][] = [
  ['U+010D and U+010A, which latin1 makes CR and LF', 'X-A: a\u010d\u010aX-B: b', 'X-A'],
  ['CR and LF', 'X-A: a\r\nX-B: b', 'X-A'],
  ['a line feed', 'X-A: a\nX-B: b', 'X-A'],
  ['CR and LF at the end', 'X-A: a\r\n', 'X-A'],
  ['a NUL', 'X-A: a\0', 'X-A'],
  ['what is not latin1', 'X-A: 日本', 'X-A'],
  ['a line feed in the name', 'X-\u010a: a', 'X-\u010a'],
  ['a space before the colon', 'X-A : a', 'X-A '],
  ['no name', ': a', ''],
  ['a pseudo-header', ':status: 101', ''],
  ['no colon', 'nothing', ''],
  ['an empty line', '', ''],
  ['no text', undefined as never, ''],
];

describe.each(TRANSPORTS)('over %s', (transport, listen) => {
  const accepted = transport === 'HTTP/2' ? 200 : 101;

  test.each(BAD_LINES)('a line of the headers event with %s: an error, and 500', async (_what, line, header) => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const server = serve(httpServer, {});
    server.on('headers', (lines) => void lines.push(line));
    const failed = next<[Error]>(server, 'error');
    const asker = await ask();
    expect((await failed)[0]).toMatchObject({ code: 'WSIMD_INVALID_HEADER', header });
    expect((await failed)[0]).toBeInstanceOf(TypeError);
    expect(await asker.status).toBe(500);
    await asker.closed;
    expect(asker.received.toLowerCase()).not.toMatch(/x-a|x-b/);
    await check();
    expect(server.clients.size).toBe(0);
  });

  test('a header of a refusal that must not be sent: the callback throws, and the client gets 500', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const thrown: unknown[] = [];
    serve(httpServer, {
      verifyClient: ({ req }, done) => {
        const value = decodeURIComponent(req.url!.slice(1));
        setImmediate(() => {
          try {
            done(false, 403, 'no', { 'X-Echo': [value, 'b'] });
          } catch (error) {
            thrown.push(error);
          }
        });
      },
    });
    const hostile = await ask(`/${encodeURIComponent('\u010d\u010aSet-Cookie: a=b')}`);
    expect(await hostile.status).toBe(500);
    await hostile.closed;
    expect(hostile.received).not.toContain('Set-Cookie');
    expect(thrown).toEqual([expect.objectContaining({ code: 'WSIMD_INVALID_HEADER', header: 'X-Echo' })]);
    const harmless = await ask('/a');
    expect(await harmless.status).toBe(403);
    await harmless.closed;
    expect(harmless.received).toMatch(/x-echo: a/i);
    await check();
  });

  test('headers of an HTTP/1.1 connection from a listener or a refusal fail no request', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const server = serve(httpServer, {
      verifyClient: ({ req }, done) => {
        if (req.url === '/no') done(false, 403, 'no', { 'Keep-Alive': 'timeout=5', TE: 'gzip', 'HTTP2-Settings': 'a' });
        else done(true);
      },
    });
    server.on('headers', (lines) => {
      lines.push(
        'X-Kept: yes',
        'Set-Cookie: a=1',
        'Set-Cookie: b=2',
        ...(transport === 'HTTP/2' ? KEEP_ALIVE : ['Keep-Alive: timeout=5']),
      );
    });
    const asker = await ask();
    expect(await asker.status).toBe(accepted);
    expect(asker.received).toMatch(/x-kept: yes/i);
    expect(asker.received).toMatch(/a=1.*b=2/s);
    expect(await (await ask('/no')).status).toBe(403);
    await check();
  });

  test('a header that is added twice, or has two values, fails no request, whatever its name', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const server = serve(httpServer, {
      verifyClient: ({ req }, done) => {
        if (req.url === '/no') done(false, 403, 'no', { ETag: ['"a"', '"b"'] });
        else done(true);
      },
    });
    server.on('headers', (lines) => void lines.push('ETag: "a"', 'ETag: "b"', 'Content-Type: a', 'Content-Type: b'));
    const asker = await ask();
    expect(await asker.status).toBe(accepted);
    expect(asker.received).toMatch(/etag: "a".*"b"/is);
    expect(await (await ask('/no')).status).toBe(403);
    await check();
  });

  test.each(['no', '403 Forbidden', Number.NaN, 1e9])(
    'a refusal with the status %s is none with 200',
    async (status) => {
      const { httpServer, ask } = await listen();
      const thrown: unknown[] = [];
      serve(httpServer, {
        verifyClient: (_info, done) => {
          try {
            done(false, status as number);
          } catch (error) {
            thrown.push(error);
          }
        },
      });
      const asker = await ask();
      const answer = await asker.status;
      expect(answer === 200 || answer === 101).toBe(false);
      await asker.closed;
      for (const error of thrown) expect(error).toMatchObject({ code: 'WSIMD_INVALID_HEADER' });
    },
  );

  const later = (answer: boolean) => new Promise<boolean>((resolve) => setTimeout(resolve, 10, answer));
  /** A promise of some library. */
  const withThen = (then: (resolve: (value: boolean) => void) => void) => Object.fromEntries([['then', then]]);
  const thenable = (answer: boolean) => withThen((resolve) => void setTimeout(resolve, 10, answer));
  const rejected = () => Promise.reject(new Error('the database is down'));
  const throwing = () => {
    throw new Error('thrown by a getter');
  };
  /** An object whose `then` cannot be read. */
  const unreadable = () => Object.defineProperty({}, 'then', { get: throwing });
  const unprintable = () => Promise.reject({ [inspect.custom]: throwing });

  test.each<[string, (info: unknown) => unknown, number]>([
    ['a promise of true', () => later(true), accepted],
    ['a promise of false', () => later(false), 401],
    ['a thenable of true', () => thenable(true), accepted],
    ['a thenable of false', () => thenable(false), 401],
    ['a promise that rejects', rejected, 500],
    ['a promise that rejects with what cannot be shown', unprintable, 500],
    ['an object whose then cannot be read', unreadable, 500],
    [
      'a thenable that throws',
      () =>
        withThen(() => {
          throw Object.create(null);
        }),
      500,
    ],
  ])('verifyClient that returns %s', async (_what, verifyClient, status) => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const server = serve(httpServer, { verifyClient: ((info: unknown) => verifyClient(info)) as () => boolean });
    expect(await (await ask()).status).toBe(status);
    await check();
    expect(server.clients.size).toBe(status === accepted ? 1 : 0);
  });

  test.each<[string, (done: (isAccepted: boolean) => undefined) => Promise<unknown>, number]>([
    ['calls back with false, and resolves to true', async (done) => done(false) ?? true, 401],
    [
      'calls back with true later, and resolves to false',
      async (done) => setTimeout(done, 10, true) && false,
      accepted,
    ],
    ['rejects', rejected, 500],
    [
      'calls back with true, and rejects',
      async (done) => {
        done(true);
        throw new Error('too late');
      },
      accepted,
    ],
  ])('an async verifyClient of two parameters that %s', async (_what, verifyClient, status) => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    serve(httpServer, {
      verifyClient: (async (_info: unknown, done: (isAccepted: boolean) => undefined) => verifyClient(done)) as never,
    });
    expect(await (await ask()).status).toBe(status);
    await check();
  });

  test.each<[string, () => unknown, number]>([
    ['a promise of true', () => later(true), accepted],
    ['a promise of false', () => later(false), 400],
    ['a thenable of false', () => thenable(false), 400],
    ['a promise that rejects', rejected, 500],
    ['an object whose then cannot be read', unreadable, 500],
  ])('shouldHandle that returns %s', async (_what, shouldHandle, status) => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    class Picky extends WebSocketServer {
      override shouldHandle(): Promise<boolean> {
        return shouldHandle() as Promise<boolean>;
      }
    }
    const server = serve(httpServer, {}, Picky);
    expect(await (await ask()).status).toBe(status);
    await check();
    expect(server.clients.size).toBe(status === accepted ? 1 : 0);
  });

  test('a function for Origins that returns a promise accepts nobody', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const answers = [() => later(true), () => later(false), rejected];
    serve(httpServer, { origin: (() => answers.shift()!()) as never });
    for (let i = 0; i < 3; i++) expect(await (await ask('/', ['origin: http://a.example'])).status).toBe(403);
    await check();
  });

  test.each<[string, (boom: () => never) => Partial<WebSocketServerOptions>]>([
    ['verifyClient', (boom) => ({ verifyClient: boom })],
    ['a verifyClient that calls back', (boom) => ({ verifyClient: (_info, _done) => boom() })],
    ['handleProtocols', (boom) => ({ handleProtocols: boom })],
    ['the policy for Origins', (boom) => ({ origin: boom })],
    [
      'the class of the connections',
      (boom) => ({
        WebSocket: class extends WebSocket {
          readonly field = boom();
        },
      }),
    ],
    ['shouldHandle', () => ({})],
    ['a listener for headers', () => ({})],
    ['a listener for wsClientError', () => ({})],
  ])('%s throws: so does the server, and the client is answered or cut', async (what, options) => {
    const { httpServer, ask } = await listen();
    const error = new Error('boom');
    const boom = (): never => {
      throw error;
    };
    class Throwing extends WebSocketServer {
      override shouldHandle(request: IncomingMessage): boolean {
        return what === 'shouldHandle' ? boom() : super.shouldHandle(request) === true;
      }
    }
    const server = serve(httpServer, options(boom), Throwing);
    if (what === 'a listener for headers') server.on('headers', boom);
    if (what === 'a listener for wsClientError') server.on('wsClientError', boom);
    const name = transport === 'HTTP/2' ? 'stream' : 'upgrade';
    const thrown: unknown[] = [];
    // What Node calls is wrapped: an exception there would be uncaught.
    for (const listener of (httpServer as NodeJS.EventEmitter).listeners(name) as ((...args: unknown[]) => void)[]) {
      (httpServer as NodeJS.EventEmitter).removeListener(name, listener);
      (httpServer as NodeJS.EventEmitter).on(name, function (this: unknown, ...args: unknown[]) {
        try {
          listener.apply(httpServer, args);
        } catch (caught) {
          thrown.push(caught);
        }
      });
    }
    const bad = what === 'a listener for wsClientError' ? ['sec-websocket-version: 8'] : [];
    const asker = await ask('/', ['origin: http://a.example', 'sec-websocket-protocol: a', ...bad]);
    expect(await asker.status).toBe(bad.length > 0 ? 0 : 500);
    await asker.closed;
    expect(thrown).toEqual([error]);
    expect(server.clients.size).toBe(0);
  });

  test('a server that is closed while verifyClient thinks answers 503', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const server = serve(httpServer, {
      verifyClient: (_info, done) => {
        server.close();
        setImmediate(done, true);
      },
    });
    expect(await (await ask()).status).toBe(503);
    await check();
  });
});

test('handleUpgrade throws the error of a header to its caller', async () => {
  const { httpServer, ask } = await listenHttp();
  const server = new WebSocketServer({ noServer: true });
  server.on('headers', (lines) => void lines.push('X-A: a\u010d\u010aX-B: b'));
  const thrown = new Promise<unknown>((resolve) => {
    httpServer.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
      try {
        server.handleUpgrade(request, socket, head, () => {});
      } catch (error) {
        resolve(error);
      }
    });
  });
  expect(await (await ask()).status).toBe(500);
  expect(await thrown).toMatchObject({ code: 'WSIMD_INVALID_HEADER', header: 'X-A' });
});

test('a status line that a listener for headers has broken is not sent', async () => {
  const { httpServer, ask } = await listenHttp();
  const server = serve(httpServer, {});
  server.on('headers', (lines) => {
    lines[0] += '\u010d\u010aX-A: a';
  });
  server.on('error', () => {});
  const asker = await ask();
  expect(await asker.status).toBe(500);
  expect(asker.received).not.toContain('X-A');
});

test('secure says whether the connection is encrypted, whatever the client says', async () => {
  const said: boolean[] = [];
  const options: Partial<WebSocketServerOptions> = { verifyClient: ({ secure }) => said.push(secure) > 0 };
  const settings = { enableConnectProtocol: true };
  for (const listening of [
    listenHttp(),
    listenHttps(),
    listenHttp2(createHttp2({ settings }), 'https'),
    listenHttp2(createSecureServer({ ...makeCertificate(), settings }), 'http'),
  ]) {
    const { httpServer, ask } = await listening;
    serve(httpServer, options);
    await (await ask()).status;
  }
  expect(said).toEqual([false, true, false, true]);
});

test('path is unset and may be set: the server goes by the option, as with ws', async () => {
  const { httpServer, ask } = await listenHttp();
  const server = serve(httpServer, { path: '/a' });
  expect(server.path).toBeUndefined();
  server.path = '/b';
  expect([server.path, server.options.path]).toEqual(['/b', '/a']);
  expect(await (await ask('/a')).status).toBe(101);
  expect(await (await ask('/b')).status).toBe(400);
});

test('a socket that is no socket of Node’s is answered as well', async () => {
  const { httpServer, ask } = await listenHttp();
  const server = new WebSocketServer({ noServer: true, verifyClient: () => false });
  const answered = new Promise<string>((resolve) => {
    httpServer.on('upgrade', (request: IncomingMessage) => {
      const through = new PassThrough();
      server.handleUpgrade(request, through, Buffer.alloc(0), () => {});
      resolve(String(through.read()));
    });
  });
  await ask();
  expect(await answered).toMatch(/^HTTP\/1\.1 401 /);
});
