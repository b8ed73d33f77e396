// src/node/websocket/stream.ts: a reader that is slower than its WebSocket, and streams that end before there is a connection.
// `ws` does the same.

import { describe, expect, test } from 'vitest';
import { IMPLEMENTATIONS, listen, openPair, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  test('nobody reads: the WebSocket pauses, and what waits is read later', async () => {
    const { client, served } = await openPair({ server: api, client: api });
    const near = api.createWebSocketStream(client, { readableHighWaterMark: 1000 });
    for (let i = 0; i < 10; i++) served.send(Buffer.alloc(500, i));
    await expect.poll(() => client.isPaused).toBe(true);
    served.send('last');
    let length = 0;
    for await (const chunk of near) {
      length += (chunk as Buffer).length;
      if (String(chunk) === 'last') break;
    }
    expect(length).toBe(10 * 500 + 4);
  });

  test('what is written in one turn arrives as a message each, in order, and each write is called back', async () => {
    const { client, served } = await openPair({ server: api, client: api });
    const near = api.createWebSocketStream(client);
    const messages = record(served, ['message']);
    const called: unknown[] = [];
    for (let i = 0; i < 10; i++) near.write(`message ${i}`, (error) => called.push(error ?? i));
    await expect.poll(() => [messages.length, called.length]).toEqual([10, 10]);
    const numbers = Array.from({ length: 10 }, (_, i) => i);
    expect(messages.map(([, data]) => String(data))).toEqual(numbers.map((i) => `message ${i}`));
    expect(called).toEqual(numbers);
  });

  test('what is written while connecting arrives as a message each, once it is open', async () => {
    const { server, url } = await listen(api);
    const connection = next<[InstanceType<typeof api.WebSocket>]>(server, 'connection');
    const near = api.createWebSocketStream(new api.WebSocket(url));
    near.cork();
    for (const text of ['one', 'two', 'three']) near.write(text);
    near.uncork();
    const [served] = await connection;
    const messages = record(served, ['message']);
    await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['one', 'two', 'three']);
    near.destroy();
    await next(near, 'close');
  });

  test('what is written to a connection that has gone: an error, and no write is called back without it', async () => {
    const { client } = await openPair({ server: api, client: api });
    const near = api.createWebSocketStream(client);
    const events = record(near, ['error', 'close']);
    const called: unknown[] = [];
    near.cork();
    for (let i = 0; i < 3; i++) near.write('x', (error) => called.push(error instanceof Error));
    client.terminate();
    near.uncork();
    await expect.poll(() => [called, events.map(([name]) => name)]).toEqual([Array(3).fill(true), ['error', 'close']]);
  });

  test('ended while connecting: closes once it is open', async () => {
    const { server, url } = await listen(api);
    const connection = next<[InstanceType<typeof api.WebSocket>]>(server, 'connection');
    const near = api.createWebSocketStream(new api.WebSocket(url));
    const events = record(near, ['finish', 'error', 'close']);
    near.resume();
    near.end();
    const [served] = await connection;
    expect((await next<[number]>(served, 'close'))[0]).toBe(1005);
    await expect.poll(() => events.map(([name]) => name)).toEqual(['finish', 'close']);
  });

  test('ended when the attempt has been given up: its error is the one that is told', async () => {
    const { url } = await listen(api);
    const client = new api.WebSocket(url);
    const near = api.createWebSocketStream(client);
    const events = record(near, ['finish', 'error', 'close']);
    client.terminate();
    near.end();
    await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(String(events[0]![1])).toContain('closed before the connection was established');
    expect(client.readyState).toBe(3);
  });
});

test('what is written in one turn to ours leaves in two writes: the first at once, the others together', async () => {
  const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
  const { client, served } = await openPair({ server: ours, client: ours });
  const near = ours.createWebSocketStream(client);
  const messages = record(served, ['message']);
  const socket = client._socket!;
  const { write } = socket;
  let writes = 0;
  socket.write = ((...args: Parameters<typeof write>) => {
    writes++;
    return write.apply(socket, args);
  }) as typeof write;
  for (let i = 0; i < 50; i++) near.write(String(i));
  await expect.poll(() => messages.length).toBe(50);
  expect(writes).toBe(2);
});
