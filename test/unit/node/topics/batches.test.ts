// src/node/socket/writes/write-batch.ts: a message to many, whose writes are gathered, arrives as if each had been written by itself.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  broadcast,
  createWebSocketStream,
  PreparedMessage,
  WebSocket,
  WebSocketServer,
} from '../../../../src/node/index.js';
import { listen, open, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

const api = { WebSocket, WebSocketServer, createWebSocketStream };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A server whose WebSockets are all subscribed to `news`, and clients with what each has received. */
async function openMany(count: number, options: Parameters<typeof listen>[1] = {}, withCompression?: number) {
  const { server, url } = await listen(api, options);
  const served: WebSocket[] = [];
  const clients: WebSocket[] = [];
  const received: unknown[][][] = [];
  for (let i = 0; i < count; i++) {
    const connection = next<[WebSocket]>(server, 'connection');
    const client = await open(api, url, [], { perMessageDeflate: i < (withCompression ?? 0) });
    received.push(record(client, ['message']));
    clients.push(client);
    served.push((await connection)[0]);
  }
  for (const socket of served) socket.subscribe('news');
  const texts = () => received.map((messages) => messages.map(([, data]) => String(data)));
  return { server, served, clients, texts };
}

describe('many messages in one turn', () => {
  test('arrive in order, in one write from the second such turn on, whatever else a subscriber is sent', async () => {
    const { server, served, texts } = await openMany(6, { perMessageDeflate: true }, 3);
    const expected: string[][] = served.map(() => []);
    const writes: number[] = [];
    const socket = served[5]!._socket as Socket;
    for (let round = 0; round < 3; round++) {
      const before = socket.bytesWritten;
      for (let i = 0; i < 10; i++) {
        const text = `message ${round} ${i} ${'x'.repeat(i * 30)}`;
        server.publish('news', text, { compress: i % 3 !== 0 });
        for (const messages of expected) messages.push(text);
        if (i === 4) {
          served[1]!.send('own');
          expected[1]!.push('own');
          served[4]!.send('own');
          expected[4]!.push('own');
        }
      }
      writes.push(socket.bytesWritten - before);
      await turn();
      await turn();
    }
    await expect.poll(texts).toEqual(expected);
    expect(writes[0]).toBeGreaterThan(0);
    expect(writes[1]).toBe(0);
  });

  test('go to those that are subscribed at that moment', async () => {
    const { server, served, texts } = await openMany(5);
    for (let i = 0; i < 6; i++) {
      if (i === 2) served[0]!.unsubscribe('news');
      if (i === 3) served[1]!.terminate();
      if (i === 4) served[2]!.close();
      if (i === 5) served[0]!.subscribe('news');
      server.publish('news', `${i}`);
    }
    const all = ['0', '1', '2', '3', '4', '5'];
    await expect.poll(texts).toEqual([['0', '1', '5'], all.slice(0, 3), all.slice(0, 4), all, all]);
  });

  test('are as many as the system takes of a subscriber that does not read, which delays no other', async () => {
    const { server, served, clients, texts } = await openMany(4, {
      maxBackpressure: 100_000,
      backpressurePolicy: 'drop',
    });
    const dropped: unknown[] = [];
    served[1]!.on('dropped', () => {
      dropped.push(served[1]!.bufferedAmount > 100_000);
      // Before the others have this message, and behind all that they were sent.
      served[0]!.send('told');
    });
    clients[1]!.pause();
    const sent: string[] = [];
    for (let i = 0; i < 3000 && dropped.length < 3; i++) {
      const text = `${i} ${'y'.repeat(30_000)}`;
      sent.push(text);
      server.publish('news', text);
      // With more in a turn, the others would drop some too.
      await turn();
    }
    expect(dropped).toEqual([true, true, true]);
    await expect.poll(() => texts()[3]!.length).toBe(sent.length);
    expect(texts()[2]).toEqual(sent);
    expect(texts()[3]).toEqual(sent);
    await expect.poll(() => texts()[0]!.length).toBe(sent.length + 3);
    expect(texts()[0]!.filter((text) => text !== 'told')).toEqual(sent);
    clients[1]!.resume();
    await expect.poll(() => texts()[1]!.length).toBe(sent.length - 3);
    expect(served[1]!.bufferedAmount).toBe(0);
  });
});

describe('a broadcast', () => {
  test('to more than a batch arrives everywhere, with one connection closed, one cut and one corked', async () => {
    const { server, served, texts } = await openMany(140);
    served[3]!.close();
    served[4]!.terminate();
    served[5]!.cork();
    expect(broadcast(server.clients, new PreparedMessage('to all'))).toBe(138);
    const expected = served.map((_, i) => (i === 3 || i === 4 || i === 5 ? [] : ['to all']));
    await expect.poll(texts).toEqual(expected);
    served[5]!.uncork();
    expected[5] = ['to all'];
    await expect.poll(texts).toEqual(expected);
  });

  test('reaches a connection before what a callback or an iterator sends it, and before its end', async () => {
    const { served, texts } = await openMany(4);
    const [a, b, c, d] = served as [WebSocket, WebSocket, WebSocket, WebSocket];
    function* each() {
      yield a;
      yield b;
      a.send('behind');
      b.terminate();
      yield c;
      c.close();
      yield d;
    }
    expect(broadcast(each(), 'first')).toBe(4);
    await expect.poll(texts).toEqual([['first', 'behind'], ['first'], ['first'], ['first']]);
  });

  test('goes on where the write of one socket throws', async () => {
    const { served, texts } = await openMany(3);
    const socket = served[1]!._socket as Socket;
    socket.write = () => {
      throw new Error('no');
    };
    expect(() => broadcast(served.slice(0, 2), 'first')).toThrow('no');
    broadcast([served[2]!], 'second');
    await expect.poll(texts).toEqual([['first'], [], ['second']]);
  });

  test('goes on where one connection throws, and throws the first error once the others have the message', async () => {
    const { served, texts } = await openMany(4);
    served[1]!.send('begun', { fin: false });
    served[2]!.sendPrepared = () => {
      throw new Error('second');
    };
    const isOpen = expect.objectContaining({ code: 'WSIMD_MESSAGE_OPEN' });
    expect(() => broadcast(served, 'to all')).toThrow(isOpen);
    await expect.poll(texts).toEqual([['to all'], [], [], ['to all']]);
  });
});

describe('a loop of send', () => {
  /** Bytes that each socket has been handed, of sockets that were asked for before. */
  async function openLoop(count: number) {
    const many = await openMany(count);
    const sockets = many.served.map((socket) => socket._socket as Socket);
    const before = sockets.map((socket) => socket.bytesWritten);
    await turn();
    const isWritten = () => sockets.map((socket, i) => socket.bytesWritten > before[i]!);
    return { ...many, sockets, isWritten };
  }

  test('writes to the first connections at once, and to the others at the end of the tick', async () => {
    const { served, texts, isWritten } = await openLoop(8);
    for (const socket of served) socket.send('to all');
    expect(isWritten()).toEqual([true, true, true, false, false, false, false, false]);
    let atEndOfTick: boolean[] = [];
    process.nextTick(() => {
      atEndOfTick = isWritten();
    });
    await turn();
    expect(atEndOfTick).toEqual(new Array(8).fill(true));
    await expect.poll(texts).toEqual(new Array(8).fill(['to all']));
  });

  test('writes a long message, and one with a callback, at once, behind those before them', async () => {
    const { served, texts, isWritten } = await openLoop(8);
    const long = 'x'.repeat(5000);
    for (const [i, socket] of served.entries()) socket.send(i === 5 ? long : `${i}`);
    expect(isWritten()).toEqual([true, true, true, true, true, true, false, false]);
    served[6]!.send('second');
    served[7]!.send('with a callback', () => {});
    await expect
      .poll(texts)
      .toEqual([['0'], ['1'], ['2'], ['3'], ['4'], [long], ['6', 'second'], ['7', 'with a callback']]);
  });

  test('writes before a program gets at the socket, cuts, closes, or is told of something else', async () => {
    const { served, texts } = await openLoop(8);
    for (const [i, socket] of served.entries()) socket.send(`${i}`);
    served[4]!._socket!.destroy();
    for (const socket of served.slice(5)) socket.send('second');
    served[5]!.terminate();
    served[6]!.close();
    await expect
      .poll(texts)
      .toEqual([['0'], ['1'], ['2'], ['3'], ['4'], ['5', 'second'], ['6', 'second'], ['7', 'second']]);
  });

  test('writes at once where each message is sent in a tick of its own', async () => {
    const { served, texts, isWritten } = await openLoop(8);
    await turn();
    for (const [i, socket] of served.entries()) {
      await undefined;
      await new Promise<void>((resolve) => {
        process.nextTick(resolve);
      });
      socket.send(`${i}`);
      // The first that waited for its tick to end was alone in it.
      if (i !== 3) expect(isWritten()[i]).toBe(true);
    }
    await expect.poll(texts).toEqual(served.map((_, i) => [`${i}`]));
  });
});

test('what a subscriber of the backpressure channel sends on another connection comes behind its messages of that turn', async () => {
  const { served, clients, texts } = await openMany(2);
  const [blocked, other] = served as [WebSocket, WebSocket];
  clients[0]!.pause();
  let isTold = false;
  const tell = () => {
    isTold = true;
    other.send('told');
  };
  subscribe('wsimd:websocket:backpressure', tell);
  onTestFinished(() => void unsubscribe('wsimd:websocket:backpressure', tell));
  const sent: string[] = [];
  const send = (text: string, callback?: () => void) => {
    sent.push(text);
    other.send(text, callback);
  };
  for (let i = 0; i < 3000 && !isTold; i++) {
    // With two messages in the last turn, the one of the next turn waits for its end.
    send(`${i} a`);
    send(`${i} b`);
    await turn();
    for (let part = 0; part < 2; part++) blocked.send('x'.repeat(32_000));
    // With a callback it does not join the batch that the other's write is in.
    send(`${i} c`, () => {});
    await turn();
  }
  expect(isTold).toBe(true);
  await expect.poll(() => texts()[1]!).toEqual([...sent, 'told']);
});
