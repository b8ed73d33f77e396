// src/node/operate/operable-emitter.ts: `closed` and `Symbol.asyncDispose` of a WebSocket.

import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from '../../../../src/node/index.js';
import { Peer, wire } from '../../../support/frames/wire.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next, startServer } from '../../../support/servers/servers.js';

const peer = new Peer('server');

async function connectTo(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  await next(socket, 'open');
  return socket;
}

async function start() {
  const running = await startServer();
  onTestFinished(() => running.stop());
  return running;
}

describe('closed', () => {
  test('is fulfilled with the code and reason of the peer, after the listeners for close', async () => {
    const { server, url } = await start();
    const connection = next<[WebSocket]>(server, 'connection');
    const socket = await connectTo(url);
    const [webSocket] = await connection;
    const order: string[] = [];
    const closed = webSocket.closed.then((ending) => {
      order.push('closed');
      return ending;
    });
    webSocket.on('close', () => order.push('close'));
    socket.close(4000, 'grün');
    expect(await closed).toEqual({ closeCode: 4000, reason: 'grün', wasClean: true });
    expect(order).toEqual(['close', 'closed']);
    expect(await socket.closed).toEqual({ closeCode: 4000, reason: 'grün', wasClean: true });
  });

  test('is one promise, and is there when everything is over too', async () => {
    const { server, url } = await start();
    const socket = await connectTo(url);
    const early = socket.closed;
    expect(socket.closed).toBe(early);
    const [webSocket] = server.clients;
    const closed = next(webSocket!, 'close');
    socket.close();
    await closed;
    expect(await webSocket!.closed).toEqual({ closeCode: 1005, reason: '', wasClean: true });
  });

  test('says that a connection was lost, whatever became of the listeners', async () => {
    const open = await startForRawClients();
    const { client, webSocket } = await open();
    const { closed } = webSocket;
    webSocket.removeAllListeners();
    client.socket.destroy();
    expect(await closed).toEqual({ closeCode: 1006, reason: '', wasClean: false });
  });

  test('is fulfilled for a connection that failed to open', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1');
    const failed = next(socket, 'error');
    const early = socket.closed;
    await failed;
    const ending = { closeCode: 1006, reason: '', wasClean: false };
    expect(await early).toEqual(ending);
    const late = new WebSocket('ws://127.0.0.1:1');
    late.on('error', () => {});
    await next(late, 'close');
    expect(await late.closed).toEqual(ending);
  });

  test('can be assigned and overridden, as programs do', async () => {
    const { url } = await start();
    const socket = await connectTo(url);
    (socket as { closed: unknown }).closed = false;
    expect(socket.closed).toBe(false);
    class Own extends WebSocket {
      override closed = Promise.resolve({ closeCode: 1, reason: 'own', wasClean: true });
    }
    const own = new Own(url);
    await next(own, 'open');
    expect((await own.closed).reason).toBe('own');
    await own[Symbol.asyncDispose]();
    expect(own.readyState).toBe(WebSocket.CLOSED);
  });
});

describe('Symbol.asyncDispose', () => {
  test('closes with 1000, and waits for the end', async () => {
    const open = await startForRawClients();
    const { client, webSocket } = await open();
    const disposed = webSocket[Symbol.asyncDispose]();
    expect([...(await client.take(4))]).toEqual([0x88, 2, 1000 >> 8, 1000 & 255]);
    client.send(wire(peer.close(1000)));
    await disposed;
    expect(webSocket.readyState).toBe(WebSocket.CLOSED);
    await webSocket[Symbol.asyncDispose]();
  });

  test('gives up an attempt to connect, without an uncaught error', async () => {
    const { url } = await start();
    const socket = new WebSocket(url);
    await socket[Symbol.asyncDispose]();
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });
});
