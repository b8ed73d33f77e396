// permessage-deflate with `ws` on either side, with every combination of parameters. Those with Python are in
// python-deflate.test.ts, those with browsers in web-clients.test.ts.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { connect } from '../../../src/node/index.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { next, startServer } from '../../support/servers/servers.js';

const BITS = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];

const json = (i: number) => JSON.stringify({ id: i, user: `user ${i % 7}`, text: '漢字🎉 and text '.repeat(i % 5) });
const MESSAGES: readonly (string | Buffer)[] = [
  ...Array.from({ length: 12 }, (_, i) => json(i)),
  '',
  json(3).repeat(400),
  Buffer.from(randomBytes(70_000, 1)),
  json(4),
  Buffer.alloc(200_000, 'bytes'),
  json(5),
];

/** Every fourth combination sends all, the others what comes before the noise. */
const messagesOf = (turn: number) => (turn % 4 === 0 ? MESSAGES : MESSAGES.slice(0, 14));

/** What we say, in turns: see `oursOf`. */
const OURS: readonly PerMessageDeflateOptions[] = [
  {},
  { deflateTakeover: false, level: 'fastest' },
  { inflateTakeover: false, level: 'smallest' },
];

/** Shifted after each row of window sizes, so that every one of ours meets every size. */
const oursOf = (turn: number) => (turn + Math.floor(turn / BITS.length)) % OURS.length;

/** Every combination of the four parameters, as `ws` names them. */
function* combinations(): Generator<ws.PerMessageDeflateOptions> {
  for (const serverNoContextTakeover of [false, true]) {
    for (const clientNoContextTakeover of [false, true]) {
      for (const serverMaxWindowBits of BITS) {
        for (const clientMaxWindowBits of BITS) {
          yield {
            threshold: 0,
            ...(serverNoContextTakeover ? { serverNoContextTakeover } : {}),
            ...(clientNoContextTakeover ? { clientNoContextTakeover } : {}),
            ...(serverMaxWindowBits === undefined ? {} : { serverMaxWindowBits }),
            ...(clientMaxWindowBits === undefined ? {} : { clientMaxWindowBits }),
          };
        }
      }
    }
  }
}

interface Echoer {
  send(data: string | Buffer): void;
  onMessage(listener: (data: Buffer) => void): void;
}

/** Sends them all, and compares what comes back. */
async function exchange(peer: Echoer, messages: readonly (string | Buffer)[] = MESSAGES): Promise<void> {
  const received: Buffer[] = [];
  const all = new Promise<void>((resolve) => {
    peer.onMessage((data) => {
      received.push(data);
      if (received.length === messages.length) resolve();
    });
  });
  for (const message of messages) peer.send(message);
  await all;
  messages.forEach((message, i) => {
    if (!Buffer.from(message as string).equals(received[i]!)) throw new Error(`message ${i} came back another`);
  });
}

describe.each(DEFLATE_KERNELS)('ws, and our %s kernel', (kernel) => {
  test('its client against our server', { timeout: 300_000 }, async () => {
    const running = await Promise.all(
      OURS.map(async (options) => {
        const deflate = new PerMessageDeflate({ kernel, threshold: 0, ...options });
        return { deflate, ...(await startServer({ kernel, perMessageDeflate: deflate })) };
      }),
    );
    let turn = 0;
    for (const parameters of combinations()) {
      const client = new ws.WebSocket(running[oursOf(turn)]!.url, { perMessageDeflate: parameters });
      await next(client, 'open');
      expect(client.extensions).toContain('permessage-deflate');
      await exchange(
        { send: (data) => client.send(data), onMessage: (listener) => client.on('message', listener) },
        messagesOf(turn++),
      );
      const closed = next(client, 'close');
      client.close(1000);
      expect((await closed)[0]).toBe(1000);
    }
    for (const { stop, deflate } of running) {
      await stop();
      expect([deflate.kernelName, deflate.poolUse.contexts]).toEqual([kernel, 0]);
    }
  });

  test('our client against its server', { timeout: 300_000 }, async () => {
    let turn = 0;
    for (const parameters of combinations()) {
      const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: parameters });
      server.on('connection', (socket) =>
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
      );
      await next(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const deflate = new PerMessageDeflate({ kernel, threshold: 0, ...OURS[oursOf(turn)] });
      const webSocket = await connect(`ws://127.0.0.1:${port}/`, { kernel, perMessageDeflate: deflate });
      expect(webSocket.extensions).toContain('permessage-deflate');
      await exchange(
        {
          send: (data) => webSocket.send(data),
          onMessage: (listener) => webSocket.on('message', (data) => listener(data as Buffer)),
        },
        messagesOf(turn++),
      );
      const closed = next(webSocket, 'close');
      webSocket.close(1000);
      await closed;
      expect([deflate.kernelName, deflate.poolUse.contexts]).toEqual([kernel, 0]);
      server.close();
    }
  });

  test('without agreement, nothing is compressed on either side', async () => {
    const running = await startServer({ kernel });
    const client = new ws.WebSocket(running.url, { perMessageDeflate: true });
    await next(client, 'open');
    expect(client.extensions).toBe('');
    await exchange({ send: (data) => client.send(data), onMessage: (listener) => client.on('message', listener) });
    await running.stop();
    const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await next(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const webSocket = await connect(`ws://127.0.0.1:${port}/`, { kernel, perMessageDeflate: true });
    expect(webSocket.extensions).toBe('');
    webSocket.terminate();
    server.close();
  });

  test('a long message leaves in slices, in order with what is behind it; others have their turn in between', async () => {
    const deflate = new PerMessageDeflate({ kernel });
    const running = await startServer({ kernel, perMessageDeflate: deflate }, { echo: false });
    const long = Array.from({ length: 40_000 }, (_, i) => json(i)).join('\n');
    let isHandedOver = false;
    let turns = 0;
    const takeTurn = () => {
      turns++;
      if (!isHandedOver) setImmediate(takeTurn);
    };
    running.server.on('connection', (webSocket) => {
      webSocket.send(long, {}, () => {
        isHandedOver = true;
      });
      expect(webSocket.bufferedAmount).toBeGreaterThan(1_000_000);
      webSocket.send('behind');
      takeTurn();
      webSocket.close(4000, 'done');
    });
    const client = new ws.WebSocket(running.url);
    const events: string[] = [];
    client.on('message', (data: Buffer) =>
      events.push(data.length === 6 ? data.toString() : String(data.equals(Buffer.from(long)))),
    );
    client.on('close', (code) => events.push(String(code)));
    await next(client, 'close');
    expect(events).toEqual(['true', 'behind', '4000']);
    await expect.poll(() => isHandedOver).toBe(true);
    expect(turns).toBeGreaterThan(long.length / 65536 / 2);
    await running.stop();
    expect(deflate.poolUse.contexts).toBe(0);
  });

  test.each([
    ['permessage-deflate; client_max_window_bits=7', 'window'],
    ['permessage-deflate; server_max_window_bits', 'no value'],
    ['permessage-deflate, permessage-deflate', 'twice'],
    ['permessage-bzip2', 'not offered'],
  ])('our client refuses %s (%s)', async (answer) => {
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      const accept = new ws.WebSocketServer({ noServer: true });
      accept.on('headers', (headers) => headers.push(`Sec-WebSocket-Extensions: ${answer}`));
      accept.handleUpgrade(request, socket, Buffer.alloc(0), () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(connect(`ws://127.0.0.1:${port}/`, { kernel, perMessageDeflate: true })).rejects.toMatchObject({
      code: 'WSIMD_RESPONSE_EXTENSIONS',
    });
    server.close();
    server.closeAllConnections();
  });
});
