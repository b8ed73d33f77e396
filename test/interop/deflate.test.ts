// permessage-deflate with others: `ws` and Python's `websockets` on either side, with every combination of parameters; and
// Chromium. What was agreed on is read from their side.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../src/compression/index.js';
import { connect, WebSocketServer } from '../../src/node/index.js';
import { hasChromium, launchChromium } from '../support/chromium.js';
import { DEFLATE_KERNELS } from '../support/deflate-kernels.js';
import { describeWith } from '../support/peers.js';
import { randomBytes } from '../support/random.js';
import { next, startServer } from '../support/servers.js';

const BITS = [undefined, 8, 9, 12, 15];

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

/** What we say, in turns: there are more combinations of what the peer says, by a number that this one does not divide. */
const OURS: readonly PerMessageDeflateOptions[] = [
  {},
  { deflateTakeover: false, level: 'fastest' },
  { inflateTakeover: false, level: 'smallest' },
];

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
async function exchange(peer: Echoer, messages = MESSAGES): Promise<void> {
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
      const client = new ws.WebSocket(running[turn++ % OURS.length]!.url, { perMessageDeflate: parameters });
      await next(client, 'open');
      expect(client.extensions).toContain('permessage-deflate');
      await exchange({
        send: (data) => client.send(data),
        onMessage: (listener) => client.on('message', listener),
      });
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
      const deflate = new PerMessageDeflate({ kernel, threshold: 0, ...OURS[turn++ % OURS.length] });
      const webSocket = await connect(`ws://127.0.0.1:${port}/`, { kernel, perMessageDeflate: deflate });
      expect(webSocket.extensions).toContain('permessage-deflate');
      await exchange({
        send: (data) => webSocket.send(data),
        onMessage: (listener) => webSocket.on('message', (data) => listener(data as Buffer)),
      });
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

const PYTHON = '/usr/bin/python3';
const SCRIPT = new URL('python_deflate.py', import.meta.url).pathname;
const hasPython = spawnSync(PYTHON, ['-c', 'import websockets']).status === 0;

/** Each parameter by itself, and all together. */
const PYTHON_PARAMETERS: Record<string, unknown>[] = [
  {},
  { server_no_context_takeover: true },
  { client_no_context_takeover: true },
  { server_no_context_takeover: true, client_no_context_takeover: true },
  { server_max_window_bits: 9 },
  { server_max_window_bits: 15 },
  { client_max_window_bits: 9 },
  { client_max_window_bits: 12, server_max_window_bits: 10, server_no_context_takeover: true },
];

describeWith('python3-websockets with permessage-deflate', hasPython, () => {
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill();
  });

  test.each(DEFLATE_KERNELS)('its client against our server, %s kernel', async (kernel) => {
    const running = await startServer({ kernel, perMessageDeflate: { threshold: 0 } });
    for (const parameters of [...PYTHON_PARAMETERS, { client_max_window_bits: true }]) {
      const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, 'client', running.url, JSON.stringify(parameters)]);
      expect(JSON.parse(stdout)).toEqual({ wrong: [], fragmented: true, extensions: 1 });
    }
    await running.stop();
  });

  test.each(DEFLATE_KERNELS)('our client against its server, %s kernel', async (kernel) => {
    for (const parameters of PYTHON_PARAMETERS) {
      const child = spawn(PYTHON, [SCRIPT, 'server', JSON.stringify(parameters)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const [port] = await next<[Buffer]>(child.stdout, 'data');
      const webSocket = await connect(`ws://127.0.0.1:${Number(port)}/`, {
        kernel,
        perMessageDeflate: { threshold: 0 },
      });
      expect(webSocket.extensions).toContain('permessage-deflate');
      await exchange({
        send: (data) => webSocket.send(data),
        onMessage: (listener) => webSocket.on('message', (data) => listener(data as Buffer)),
      });
      const closed = next(webSocket, 'close');
      webSocket.close(1000);
      await closed;
      child.kill();
    }
  });
});

describeWith('Chromium with permessage-deflate', hasChromium, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test.each(DEFLATE_KERNELS)('against our server, %s kernel', async (kernel) => {
    for (const options of [
      {},
      { inflateWindowBits: 8 },
      { inflateWindowBits: 15, deflateWindowBits: 15 },
      { deflateTakeover: false },
      { inflateTakeover: false },
      { poolLength: 0 },
    ] satisfies PerMessageDeflateOptions[]) {
      const httpServer = createServer((_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>echo</title>');
      });
      const deflate = new PerMessageDeflate({ kernel, threshold: 0, ...options });
      const server = new WebSocketServer({ server: httpServer, kernel, perMessageDeflate: deflate });
      server.on('connection', (webSocket) => {
        webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      });
      await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
      const origin = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
      const page = await browser.newPage();
      await page.goto(origin);
      const result = await page.evaluate(
        async (url) => {
          const socket = new WebSocket(url);
          socket.binaryType = 'arraybuffer';
          const event = (name: string) =>
            new Promise<Event>((resolve) => socket.addEventListener(name, resolve, { once: true }));
          await event('open');
          const noise = new Uint8Array(1 << 18);
          for (let i = 0; i < noise.length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
          const json = (i: number) =>
            JSON.stringify({ id: i, user: `user ${i % 7}`, text: '漢字🎉 text '.repeat(i % 5) });
          const sent = [...Array.from({ length: 60 }, (_, i) => json(i)), '', json(3).repeat(3000), noise, json(1)];
          let wrong = 0;
          for (const message of sent) {
            const echo = event('message');
            socket.send(message);
            const { data } = (await echo) as MessageEvent;
            const isSame =
              typeof message === 'string'
                ? data === message
                : data.byteLength === message.length && new Uint8Array(data).every((byte, i) => byte === message[i]);
            if (!isSame) wrong++;
          }
          const { extensions } = socket;
          const closed = event('close');
          socket.close(4321);
          return { wrong, extensions, code: ((await closed) as CloseEvent).code };
        },
        origin.replace('http', 'ws'),
      );
      expect(result).toMatchObject({ wrong: 0, code: 4321 });
      expect(result.extensions).toContain('permessage-deflate');
      await page.close();
      await expect.poll(() => deflate.poolUse.contexts).toBe(0);
      expect(deflate.kernelName).toBe(kernel);
      server.close();
      httpServer.close();
    }
  });
});
