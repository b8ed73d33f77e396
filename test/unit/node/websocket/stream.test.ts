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
