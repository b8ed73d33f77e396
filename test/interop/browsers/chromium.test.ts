// Chromium's own WebSocket against our server, over ws: and wss:, with the bytes compared in the browser.

import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from '../../../src/node/index.js';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { makeCertificate } from '../../support/servers/tls.js';

describeWith('Chromium', hasChromium, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test.each(['ws', 'wss'])('echoes and closes over %s:', async (scheme) => {
    const httpServer = scheme === 'wss' ? createHttpsServer({ ...makeCertificate() }) : createServer();
    httpServer.on('request', (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>echo</title>');
    });
    const server = new WebSocketServer({ server: httpServer, origin: 'same-origin', handleProtocols: () => 'echo' });
    const closes: unknown[] = [];
    server.on('connection', (webSocket) => {
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      webSocket.on('close', (closeCode, reason) => closes.push([closeCode, reason.toString()]));
    });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const origin = `${scheme === 'wss' ? 'https' : 'http'}://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(origin);
    const result = await page.evaluate(
      async (url) => {
        const socket = new WebSocket(url, ['other', 'echo']);
        socket.binaryType = 'arraybuffer';
        const next = (name: string) =>
          new Promise<Event>((resolve) => socket.addEventListener(name, resolve, { once: true }));
        await next('open');
        const bytes = new Uint8Array(1 << 20);
        for (let i = 0; i < bytes.length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
        const sent = ['hello', '漢字🎉'.repeat(1000), '', bytes, new Uint8Array(0)];
        const same: boolean[] = [];
        for (const message of sent) {
          const echo = next('message');
          socket.send(message);
          const { data } = (await echo) as MessageEvent;
          same.push(
            typeof message === 'string'
              ? data === message
              : data.byteLength === message.length && new Uint8Array(data).every((byte, i) => byte === message[i]),
          );
        }
        const closed = next('close');
        socket.close(4321, 'that is all');
        const { code, reason, wasClean } = (await closed) as CloseEvent;
        return { same, protocol: socket.protocol, extensions: socket.extensions, code, reason, wasClean };
      },
      origin.replace('http', 'ws'),
    );
    expect(result).toEqual({
      same: [true, true, true, true, true],
      protocol: 'echo',
      extensions: '',
      code: 4321,
      reason: 'that is all',
      wasClean: true,
    });
    expect(closes).toEqual([[4321, 'that is all']]);
    await context.close();
    server.close();
    httpServer.close();
  });
});
