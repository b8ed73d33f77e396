// `wsimd serve`, started as a program: its files, its echo, its tap, its end.

import { on, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Serve, startServe } from '../../support/servers/serve.js';

let serve: Serve;
beforeAll(async () => {
  serve = await startServe();
});
afterAll(async () => {
  await serve.stop();
});

const TO_SERVER = 0;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const MASKED_HELLO = Buffer.from('818537fa213d7f9f4d5158', 'hex');
const HELLO = Buffer.from('810548656c6c6f', 'hex');

/** The answer's bytes to a request that no client library would send as it is. */
async function request(target: string, method = 'GET'): Promise<string> {
  const socket = connect(serve.port, '127.0.0.1');
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${serve.port}\r\nConnection: close\r\n\r\n`);
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString('latin1');
}

function upgradeRequest(target: string): string {
  return (
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${serve.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`
  );
}

async function opened(url: string): Promise<WebSocket> {
  const webSocket = new WebSocket(url);
  await once(webSocket, 'open');
  return webSocket;
}

/** The next messages; several may come in one turn, so `once` would miss some. */
async function nextMessages(webSocket: WebSocket, count: number): Promise<{ data: Buffer; isBinary: boolean }[]> {
  const messages: { data: Buffer; isBinary: boolean }[] = [];
  for await (const [data, isBinary] of on(webSocket, 'message')) {
    messages.push({ data, isBinary });
    if (messages.length === count) break;
  }
  return messages;
}

async function refusedStatus(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const webSocket = new WebSocket(url, { headers });
  const [request, response] = (await once(webSocket, 'unexpected-response')) as [
    { destroy(): void },
    { statusCode?: number },
  ];
  request.destroy();
  return response.statusCode;
}

describe('files', () => {
  it('serves the page under a strict policy', async () => {
    const response = await fetch(serve.url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).not.toContain('unsafe-inline');
    expect(await response.text()).toContain('<title>wsimd');
  });

  it('serves every module that the page imports, and loads nothing from elsewhere', async () => {
    const html = await (await fetch(serve.url)).text();
    const links = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => new URL(link!, serve.url).href);
    const waiting = new Set(links);
    for (const url of waiting) {
      expect(url.startsWith(serve.url), url).toBe(true);
      const response = await fetch(url);
      expect(response.status, url).toBe(200);
      const body = await response.text();
      if (!url.endsWith('.js')) continue;
      expect(response.headers.get('content-type'), url).toBe('text/javascript; charset=utf-8');
      for (const [, path] of body.matchAll(/(?:from|import) '([^']+)'/g)) waiting.add(new URL(path!, url).href);
    }
    expect(waiting.size).toBeGreaterThan(20);
    expect([...waiting]).toContain(`${serve.url}src/kernel/wasm/kernel-bytes.js`);
  });

  it.each([
    ['base.css', 'text/css; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['frames.css', 'text/css; charset=utf-8'],
    ['icon.svg', 'image/svg+xml'],
    ['src/index.js', 'text/javascript; charset=utf-8'],
    ['src/index.js.map', 'application/json'],
    ['assembly/shared/protocol.js', 'text/javascript; charset=utf-8'],
    ['?query', 'text/html; charset=utf-8'],
  ])('serves %s as %s', async (path, type) => {
    const response = await fetch(serve.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect((await response.arrayBuffer()).byteLength).toBe(Number(response.headers.get('content-length')));
  });

  it.each([
    '/../package.json',
    '/../../../../../../etc/passwd',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/..\\package.json',
    '/src/../../package.json',
    '/src/../src/index.js',
    '//etc/passwd',
    '/src/index.js%00',
    '/package.json',
    '/index.html',
    '/page.js',
    '/kernel.wasm',
    '/src',
    '/src/',
    '/src/index.ts',
    '/src/index.d.ts',
    '/src/node/index.js',
    '/src/cli/main.js',
    '/src/cli/serve/tap.js',
    '/constructor',
    '/__proto__',
    '*',
  ])('has nothing at %s', async (target) => {
    expect(await request(target)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('answers HEAD without a body, and no other method', async () => {
    expect(await request('/', 'HEAD')).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
    expect(await request('/', 'POST')).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n/);
  });

  it('asks for WebSocket at the endpoints', async () => {
    expect(await request('/echo')).toMatch(/^HTTP\/1\.1 426 /);
    expect(await request('/tap?x')).toMatch(/^HTTP\/1\.1 426 /);
  });
});

describe('the echo', () => {
  it('sends back texts and binary messages as they are, and the close code', async () => {
    const webSocket = await opened(serve.echoUrl);
    const messages = ['', 'Hello', 'Grüße 👋', Buffer.alloc(0), Buffer.of(0, 255), Buffer.alloc(1024 * 1024, 'wsimd')];
    const received = nextMessages(webSocket, messages.length);
    for (const message of messages) webSocket.send(message);
    for (const [i, { data, isBinary }] of (await received).entries()) {
      expect(isBinary).toBe(typeof messages[i] !== 'string');
      expect(data.equals(Buffer.from(messages[i]!))).toBe(true);
    }
    webSocket.close(4321, 'done');
    const [code, reason] = (await once(webSocket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4321, 'done']);
  });

  it('stops reading from a peer that does not read, and goes on when it does', async () => {
    const webSocket = await opened(serve.echoUrl);
    webSocket.pause();
    const message = Buffer.alloc(1024 * 1024, 7);
    const received = nextMessages(webSocket, 64);
    for (let i = 0; i < 64; i++) webSocket.send(message);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Had the server read all, nothing would wait here.
    expect(webSocket.bufferedAmount).toBeGreaterThan(16 * message.length);
    webSocket.resume();
    for (const { data } of await received) expect(data.equals(message)).toBe(true);
    webSocket.close();
    await once(webSocket, 'close');
  });

  it('refuses pages of other origins and paths that are no endpoint', async () => {
    expect(await refusedStatus(serve.echoUrl, { Origin: 'http://example.com' })).toBe(403);
    expect(await refusedStatus(`${serve.echoUrl}/more`)).toBe(404);
    expect(await refusedStatus(serve.url.replace('http', 'ws'))).toBe(404);
  });

  it('agrees on no subprotocol', async () => {
    const webSocket = new WebSocket(serve.echoUrl, ['chat']);
    const [error] = (await once(webSocket, 'error')) as [Error];
    expect(error.message).toBe('Server sent no subprotocol');
  });
});

describe('the tap', () => {
  interface OpenTap {
    readonly webSocket: WebSocket;
    readonly url: string;
    /** What has passed, joined. */
    passed(isToServer: boolean): Buffer;
    /** Until the condition holds. */
    until(condition: () => boolean): Promise<void>;
  }

  async function openTap(): Promise<OpenTap> {
    const webSocket = new WebSocket(new URL('/tap', serve.echoUrl));
    const [id, isBinary] = (await once(webSocket, 'message')) as [Buffer, boolean];
    expect(isBinary).toBe(false);
    const pieces: Buffer[] = [];
    webSocket.on('message', (data: Buffer) => pieces.push(data));
    return {
      webSocket,
      url: `${serve.echoUrl}?tap=${id}`,
      passed: (isToServer) =>
        Buffer.concat(
          pieces.filter((piece) => (piece[0] === TO_SERVER) === isToServer).map((piece) => piece.subarray(1)),
        ),
      async until(condition) {
        while (!condition()) await once(webSocket, 'message');
      },
    };
  }

  /** Writes the request and then the frames, in the pieces given, and collects what comes. */
  function openRaw(url: string, ...pieces: readonly Buffer[]): { socket: Socket; received(): Buffer } {
    const socket = connect(serve.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const [first = Buffer.alloc(0), ...rest] = pieces;
    const { pathname, search } = new URL(url);
    socket.write(Buffer.concat([Buffer.from(upgradeRequest(pathname + search)), first]));
    void (async () => {
      for (const piece of rest) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        socket.write(piece);
      }
    })();
    return { socket, received: () => Buffer.concat(chunks) };
  }

  it.each([
    ['behind the request in one write', [MASKED_HELLO]],
    ['cut in two', [Buffer.alloc(0), MASKED_HELLO.subarray(0, 7), MASKED_HELLO.subarray(7)]],
    ['half of it behind the request', [MASKED_HELLO.subarray(0, 3), MASKED_HELLO.subarray(3)]],
    ['byte by byte', [Buffer.alloc(0), ...Array.from(MASKED_HELLO, (byte) => Buffer.of(byte))]],
  ])('brings the bytes of both directions as they passed: a frame %s', async (_how, pieces) => {
    const tap = await openTap();
    const { socket, received } = openRaw(tap.url, ...pieces);
    const { pathname, search } = new URL(tap.url);
    const sent = Buffer.concat([Buffer.from(upgradeRequest(pathname + search)), MASKED_HELLO]);
    await tap.until(() => tap.passed(false).includes(HELLO));
    expect(tap.passed(true).toString('latin1')).toBe(sent.toString('latin1'));
    expect(tap.passed(false).toString('latin1')).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Accept: ${ACCEPT}\r\n\r\n${HELLO.toString('latin1')}`,
    );
    await expect.poll(() => received().toString('latin1')).toBe(tap.passed(false).toString('latin1'));
    socket.destroy();
    const [code] = (await once(tap.webSocket, 'close')) as [number];
    expect(code).toBe(1000);
  });

  it('brings 1 MiB in both directions, and closes after the Close frame', async () => {
    const tap = await openTap();
    const webSocket = await opened(tap.url);
    const message = Buffer.alloc(1024 * 1024, 'tapped');
    webSocket.send(message);
    await once(webSocket, 'message');
    webSocket.close(4000);
    await once(tap.webSocket, 'close');
    expect(tap.passed(false).includes(message)).toBe(true);
    expect(tap.passed(false).subarray(-4)).toEqual(Buffer.from('88020fa0', 'hex'));
    expect(tap.passed(true).length).toBeGreaterThan(message.length);
  });

  it('pings for the page', async () => {
    const tap = await openTap();
    const webSocket = await opened(tap.url);
    const pinged = once(webSocket, 'ping');
    tap.webSocket.send('are you there?');
    expect(String((await pinged)[0])).toBe('are you there?');
    const ping = Buffer.concat([Buffer.from('890e', 'hex'), Buffer.from('are you there?')]);
    await tap.until(() => tap.passed(false).includes(ping) && tap.passed(true).includes(Buffer.from('8a8e', 'hex')));
    webSocket.terminate();
  });

  it('ends with 1008 where the ping is too long, and leaves the connection alone', async () => {
    const tap = await openTap();
    const webSocket = await opened(tap.url);
    tap.webSocket.send('x'.repeat(126));
    const [code, reason] = (await once(tap.webSocket, 'close')) as [number, Buffer];
    expect(code).toBe(1008);
    expect(reason.toString()).toContain('greater than 125 bytes');
    webSocket.send('still here');
    expect(String((await once(webSocket, 'message'))[0])).toBe('still here');
    webSocket.terminate();
  });

  it('ends with 1008 for a page that reads too slowly, and leaves the connection alone', async () => {
    const tap = await openTap();
    const webSocket = await opened(tap.url);
    tap.webSocket.pause();
    const message = Buffer.alloc(1024 * 1024);
    const received = nextMessages(webSocket, 50);
    for (let i = 0; i < 50; i++) webSocket.send(message);
    await received;
    tap.webSocket.resume();
    const [code, reason] = (await once(tap.webSocket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1008, 'the page reads too slowly']);
    webSocket.terminate();
  });

  it('is for one connection, and for those who know its id', async () => {
    const tap = await openTap();
    const webSocket = await opened(tap.url);
    expect(await refusedStatus(tap.url)).toBe(404);
    expect(await refusedStatus(`${serve.echoUrl}?tap=0`)).toBe(404);
    const other = await openTap();
    other.webSocket.close();
    await once(other.webSocket, 'close');
    expect(await refusedStatus(other.url)).toBe(404);
    webSocket.terminate();
  });
});

describe('the end', () => {
  it('comes at Ctrl-C with code 0: connections are closed with 1001', async () => {
    const own = await startServe();
    const clients = await Promise.all([opened(own.echoUrl), opened(own.echoUrl.replace('echo', 'tap'))]);
    const idle = connect(own.port, '127.0.0.1');
    await once(idle, 'connect');
    const closed = Promise.all(clients.map((client) => once(client, 'close')));
    const { code, stderr } = await own.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const [closeCode] of await closed) expect(closeCode).toBe(1001);
    idle.destroy();
  });

  it('does not wait long for a peer that does not answer the Close frame', async () => {
    const own = await startServe();
    const socket = connect(own.port, '127.0.0.1');
    socket.write(upgradeRequest('/echo'));
    await once(socket, 'data');
    const before = performance.now();
    expect((await own.stop()).code).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    socket.destroy();
  });
});

it('listens on another address where it is told to', async () => {
  const own = await startServe('--host', '::1');
  try {
    expect(own.url).toMatch(/^http:\/\/\[::1\]:[0-9]+\/$/);
    const webSocket = new WebSocket(own.echoUrl, { origin: own.url.slice(0, -1) });
    await once(webSocket, 'open');
    webSocket.terminate();
  } finally {
    await own.stop();
  }
});
