// Where a client lets itself be redirected to: a server on the network names no socket in the file system, one on such a socket
// no other, and no server chooses credentials.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { IMPLEMENTATIONS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

interface Running {
  /** Requests to become a WebSocket that came, as method, path and Authorization. */
  readonly requests: string[];
  readonly port: number;
}

/** A server that accepts `/end`, and redirects all else as told. */
async function start(at: string | number, location: () => string): Promise<Running> {
  const requests: string[] = [];
  const httpServer = createServer();
  const server = new WebSocketServer({ noServer: true });
  httpServer.on('upgrade', (request: IncomingMessage, socket, head) => {
    requests.push([request.url, request.headers.authorization].filter(Boolean).join(' '));
    if (request.url === '/end') server.handleUpgrade(request, socket, head, () => {});
    else socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location()}\r\nConnection: close\r\n\r\n`);
  });
  await new Promise<void>((resolve) => httpServer.listen(at as number, resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    httpServer.closeAllConnections();
    httpServer.close();
  });
  const address = httpServer.address() as AddressInfo | string;
  return { requests, port: typeof address === 'string' ? 0 : address.port };
}

function socketPath(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-redirects-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** The events of a client that follows redirects, until it is open or closed. */
async function follow(url: string): Promise<{ events: unknown[][]; client: WebSocket }> {
  const client = new WebSocket(url, { followRedirects: true });
  onTestFinished(() => client.terminate());
  const events = record(client, ['open', 'error', 'close']);
  await Promise.race([next(client, 'open'), next(client, 'close')]);
  return { events, client };
}

const REFUSED = [
  ['error', expect.objectContaining({ name: 'Error', code: 'WSIMD_BAD_REDIRECT' })],
  ['close', 1006, Buffer.alloc(0)],
];

describe('to a socket in the file system', () => {
  test.each(['ws+unix:', 'WS+UNIX:', 'ws+unix://'])('a server on the network cannot redirect: %s', async (scheme) => {
    const path = socketPath('private.sock');
    const there = await start(path, () => '/end');
    const { port } = await start(0, () => `${scheme}${path}:/end`);
    expect((await follow(`ws://127.0.0.1:${port}/`)).events).toEqual(REFUSED);
    expect(there.requests).toEqual([]);
  });

  test('a server on another such socket cannot redirect', async () => {
    const [path, other] = [socketPath('a.sock'), socketPath('b.sock')];
    const there = await start(other, () => '/end');
    await start(path, () => `ws+unix:${other}:/end`);
    expect((await follow(`ws+unix:${path}:/`)).events).toEqual(REFUSED);
    expect(there.requests).toEqual([]);
  });

  test.each(['/end', 'end', '../end', '//localhost/end'])('%s is a path at the same socket', async (location) => {
    const path = socketPath('a.sock');
    const { requests } = await start(path, () => location);
    const { events, client } = await follow(`ws+unix:${path}:/begin`);
    expect(events).toEqual([['open']]);
    expect(requests).toEqual(['/begin', '/end']);
    expect(client.url).toBe(`ws+unix:${path}:/end`);
  });

  test('the same socket may be named', async () => {
    const path = socketPath('a.sock');
    await start(path, () => `ws+unix:${path}:/end`);
    expect((await follow(`ws+unix:${path}:/`)).events).toEqual([['open']]);
  });

  test('a server on one may redirect to the network', async () => {
    const path = socketPath('a.sock');
    const { port } = await start(0, () => '/end');
    await start(path, () => `ws://127.0.0.1:${port}/end`);
    expect((await follow(`ws+unix:${path}:/`)).events).toEqual([['open']]);
  });
});

test.each(['file:///etc/passwd', 'javascript:1', 'ftp://127.0.0.1/', 'unix:/run/x.sock', 'data:,x'])(
  'to %s: an error, and a close',
  async (location) => {
    const { port } = await start(0, () => location);
    expect((await follow(`ws://127.0.0.1:${port}/`)).events).toEqual([
      ['error', expect.any(SyntaxError)],
      ['close', 1006, Buffer.alloc(0)],
    ]);
  },
);

describe('credentials', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  test('of a location are not sent, to the same host or another', async () => {
    const there = await start(0, () => '/end');
    const here: Running = await start(0, () => `ws://server:chosen@127.0.0.1:${here.port}/again`);
    const other = await start(0, () => `ws://server:chosen@127.0.0.1:${there.port}/end`);
    await follow(`ws://127.0.0.1:${other.port}/`);
    expect(there.requests).toEqual(['/end']);
    await follow(`ws://mine:own@127.0.0.1:${here.port}/`);
    expect(new Set(here.requests.map((request) => request.replace(/^\S+ /, '')))).toEqual(new Set([basic('mine:own')]));
  });

  test('of the first address stay behind where the host is another', async () => {
    const there = await start(0, () => '/end');
    const { port } = await start(0, () => `ws://127.0.0.1:${there.port}/end`);
    await follow(`ws://mine:own@127.0.0.1:${port}/`);
    expect(there.requests).toEqual(['/end']);
  });

  test('of the first address go along a relative location', async () => {
    const { requests, port } = await start(0, () => '/end');
    await follow(`ws://mine:own@127.0.0.1:${port}/begin`);
    expect(requests).toEqual([`/begin ${basic('mine:own')}`, `/end ${basic('mine:own')}`]);
  });

  test.each(IMPLEMENTATIONS)(
    '%s: of the first address are sent on where the location leaves them out',
    async (_name, api) => {
      const there = await start(0, () => '/end');
      let location = '/end';
      const here = await start(0, () => location);
      const LOCATIONS: [string, boolean, string][] = [
        ['/end', false, `ws://mine:own@127.0.0.1:${here.port}/end`],
        [`ws://127.0.0.1:${here.port}/end`, false, `ws://127.0.0.1:${here.port}/end`],
        [`ws://127.0.0.1:${there.port}/end`, true, `ws://127.0.0.1:${there.port}/end`],
      ];
      for (const [to, isWatched, url] of LOCATIONS) {
        location = to;
        const client = new api.WebSocket(`ws://mine:own@127.0.0.1:${here.port}/begin`, { followRedirects: true });
        onTestFinished(() => client.terminate());
        if (isWatched) client.on('redirect', () => {});
        await next(client, 'open');
        expect(client.url).toBe(url);
      }
      const sent = basic('mine:own');
      expect(here.requests).toEqual([
        ...[`/begin ${sent}`, `/end ${sent}`],
        ...[`/begin ${sent}`, `/end ${sent}`],
        `/begin ${sent}`,
      ]);
      expect(there.requests).toEqual([`/end ${sent}`]);
    },
  );
});
