// Programs of the kinds that the README of `ws` shows, written anew: authentication, heartbeats, the time of a round trip, chat. The
// same with `ws` and with ours, in every pairing.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from '../../../../src/node/index.js';
import { listen, open, PAIRS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(PAIRS)('%s', (_name, { server: serverApi, client: clientApi }) => {
  test('authentication: whoever is not known does not get as far as the handshake', async () => {
    const httpServer = createServer();
    const server = new serverApi.WebSocketServer({ noServer: true });
    const authenticate = async ({ headers }: IncomingMessage) => {
      await new Promise((resolve) => setImmediate(resolve));
      return headers.authorization === 'Bearer good' ? 'Ada' : undefined;
    };
    httpServer.on('upgrade', async (request, socket, head) => {
      const onError = () => socket.destroy();
      socket.on('error', onError);
      const name = await authenticate(request);
      if (name === undefined) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      socket.removeListener('error', onError);
      server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request, name));
    });
    server.on('connection', ((webSocket: WebSocket, _request: IncomingMessage, name: string) =>
      webSocket.send(`hello ${name}`)) as never);
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      httpServer.close();
    });
    const url = `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
    const known = new clientApi.WebSocket(url, { headers: { Authorization: 'Bearer good' } });
    expect(String((await next(known, 'message'))[0])).toBe('hello Ada');
    const unknown = new clientApi.WebSocket(url);
    expect(String((await next(unknown, 'error'))[0])).toContain('401');
    expect(server.clients.size).toBe(1);
  });

  test('heartbeats by hand: pings, and an end for who does not answer', async () => {
    const { server, url } = await listen(serverApi);
    const alive = new WeakSet<WebSocket>();
    server.on('connection', (webSocket) => {
      alive.add(webSocket);
      webSocket.on('pong', function () {
        alive.add(this);
      });
    });
    const answering = await open(clientApi, url);
    const deaf = await open(clientApi, url, [], { autoPong: false });
    await expect.poll(() => server.clients.size).toBe(2);
    const pings = record(answering, ['ping']);
    const closed = next(deaf, 'close');
    // What an interval calls in a program; here each beat comes when the pong of the one before has come, or cannot come.
    const beat = async () => {
      const pongs = [...server.clients].map((webSocket) => next(webSocket, 'pong'));
      for (const webSocket of server.clients) {
        if (!alive.delete(webSocket)) webSocket.terminate();
        else webSocket.ping();
      }
      await Promise.race(pongs);
    };
    for (let i = 0; i < 3; i++) await beat();
    expect((await closed)[0]).toBe(1006);
    expect(pings.length).toBe(3);
    expect(answering.readyState).toBe(answering.OPEN);
    expect(server.clients.size).toBe(1);
  });

  test('the time of a round trip', async () => {
    const { server, url } = await listen(serverApi);
    server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data, { binary: false })));
    const client = await open(clientApi, url);
    const times: number[] = [];
    client.on('message', (data) => {
      times.push(performance.now() - Number(data.toString()));
      if (times.length < 5) client.send(performance.now());
      else client.close();
    });
    client.send(performance.now());
    await next(client, 'close');
    expect(times.length).toBe(5);
    expect(times.every((time) => time >= 0)).toBe(true);
  });

  test('chat: what one says goes to all others', async () => {
    const { server, url } = await listen(serverApi);
    server.on('connection', (webSocket, request) => {
      const name = new URL(request.url ?? '', 'ws://x').searchParams.get('name');
      webSocket.on('message', (data, isBinary) => {
        for (const other of server.clients) {
          if (other !== webSocket && other.readyState === other.OPEN) {
            other.send(isBinary ? data : `${name}: ${data.toString()}`, { binary: isBinary });
          }
        }
      });
    });
    const names = ['a', 'b', 'c'];
    const clients = await Promise.all(names.map((name) => open(clientApi, `${url}/?name=${name}`)));
    const heard = clients.map((client) => record(client, ['message']));
    clients[0]?.send('grün');
    // Between connections there is no order.
    await expect.poll(() => heard.map((messages) => messages.length)).toEqual([0, 1, 1]);
    clients[1]?.send(Buffer.from([1]));
    await expect.poll(() => heard.map((messages) => messages.length)).toEqual([1, 1, 2]);
    expect(heard[2]).toEqual([
      ['message', Buffer.from('a: grün'), false],
      ['message', Buffer.from([1]), true],
    ]);
  });
});
