// The `ws` package: its client against our server, our client against its server, over ws: and wss:.

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { connect } from '../../src/node/index.js';
import { next, startServer } from '../support/servers/servers.js';
import { makeCertificate } from '../support/servers/tls.js';

const SIZES = [0, 1, 125, 126, 65535, 65536, 65537, 300_000, 2_000_000];
const certificate = makeCertificate();

describe.each(['wasm', 'portable'] as const)('ws, and our %s kernel', (kernel) => {
  test.each(['ws', 'wss'])('its client against our server over %s:', async (scheme) => {
    const running = await startServer({ kernel }, scheme === 'wss' ? { certificate } : {});
    const client = new ws.WebSocket(running.url, { ca: certificate.cert });
    await next(client, 'open');
    for (const size of SIZES) {
      for (const data of [Buffer.alloc(size, 'bytes'), 'é'.repeat(size / 2)]) {
        const echoed = next<[Buffer, boolean]>(client, 'message');
        client.send(data);
        const [got, isBinary] = await echoed;
        expect(isBinary).toBe(typeof data !== 'string');
        expect(got.equals(Buffer.from(data as string))).toBe(true);
      }
    }
    // Fragments, with a ping between them.
    const pong = next<[Buffer]>(client, 'pong');
    const joined = next<[Buffer]>(client, 'message');
    client.send('one ', { fin: false });
    client.ping('between');
    client.send('', { fin: false });
    client.send('two', { fin: true });
    expect((await pong)[0].toString()).toBe('between');
    expect((await joined)[0].toString()).toBe('one two');
    const closed = next<[number, Buffer]>(client, 'close');
    client.close(4000, 'bye');
    const [closeCode, reason] = await closed;
    expect([closeCode, reason.toString()]).toEqual([4000, 'bye']);
    await running.stop();
  });

  test.each(['ws', 'wss'])('our client against its server over %s:', async (scheme) => {
    const httpsServer = createServer({ ...certificate });
    const server =
      scheme === 'wss'
        ? new ws.WebSocketServer({ server: httpsServer })
        : new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
    const closes: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('close', (closeCode, reason) => closes.push([closeCode, reason.toString()]));
    });
    if (scheme === 'wss') httpsServer.listen(0, '127.0.0.1');
    await next(scheme === 'wss' ? httpsServer : server, 'listening');
    const { port } = server.address() as AddressInfo;
    const webSocket = await connect(`${scheme}://127.0.0.1:${port}/`, { kernel, ca: certificate.cert });
    for (const size of SIZES) {
      for (const data of [Buffer.alloc(size, 'bytes'), 'é'.repeat(size / 2)]) {
        const echoed = next<[Buffer, boolean]>(webSocket, 'message');
        webSocket.send(data);
        const [got, isBinary] = await echoed;
        expect(isBinary).toBe(typeof data !== 'string');
        expect(Buffer.from(data as string).equals(got)).toBe(true);
      }
    }
    const closed = next(webSocket, 'close');
    webSocket.close(4000, 'bye');
    expect(await closed).toEqual([4000, Buffer.from('bye')]);
    await expect.poll(() => closes).toEqual([[4000, 'bye']]);
    server.close();
    httpsServer.close();
  });
});
