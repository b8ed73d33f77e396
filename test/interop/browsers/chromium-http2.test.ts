// Chromium opens a WebSocket over HTTP/2 (RFC 8441) where it has an HTTP/2 connection to the host already, and over HTTP/1.1
// where it has none: on the same port, of the same server.

import { createSecureServer } from 'node:http2';
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

  test.each([
    ['2.0', true],
    ['1.1', false],
  ])('over HTTP/%s', async (httpVersion, enableConnectProtocol) => {
    const httpServer = createSecureServer({
      ...makeCertificate(),
      allowHTTP1: true,
      settings: enableConnectProtocol ? { enableConnectProtocol } : {},
    });
    const pageVersions: string[] = [];
    httpServer.on('request', (request, response) => {
      pageVersions.push(request.httpVersion);
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end('<!doctype html><title>echo</title>');
    });
    const server = new WebSocketServer({ server: httpServer, origin: 'same-origin' });
    const versions: string[] = [];
    const closes: unknown[] = [];
    server.on('connection', (webSocket, request) => {
      versions.push(request.httpVersion);
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      webSocket.on('close', (closeCode, reason) => closes.push([closeCode, reason.toString()]));
    });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const origin = `https://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(origin);
    const result = await page.evaluate(
      async (url) => {
        const socket = new WebSocket(url, ['echo']);
        socket.binaryType = 'arraybuffer';
        const next = (name: string) =>
          new Promise<Event>((resolve) => socket.addEventListener(name, resolve, { once: true }));
        await next('open');
        const bytes = crypto.getRandomValues(new Uint8Array(60_000));
        const same: boolean[] = [];
        for (const message of ['漢字🎉'.repeat(1000), bytes, '']) {
          const echo = next('message');
          socket.send(message);
          const { data } = (await echo) as MessageEvent;
          same.push(
            typeof message === 'string'
              ? data === message
              : new Uint8Array(data).every((byte, i) => byte === message[i]),
          );
        }
        const closed = next('close');
        socket.close(4321, 'that is all');
        const { code, reason, wasClean } = (await closed) as CloseEvent;
        return { same, protocol: socket.protocol, code, reason, wasClean };
      },
      origin.replace('http', 'ws'),
    );
    expect(result).toEqual({
      same: [true, true, true],
      protocol: 'echo',
      code: 4321,
      reason: 'that is all',
      wasClean: true,
    });
    expect([pageVersions[0], versions]).toEqual(['2.0', [httpVersion]]);
    await expect.poll(() => closes).toEqual([[4321, 'that is all']]);
    await context.close();
    server.close();
    httpServer.close();
  });
});
