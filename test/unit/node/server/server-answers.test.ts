// src/node/server/server.ts and server-answers.ts: refusals in their rarer forms, a server without a host, one that is closed
// twice, a target that is a whole URL.

import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { IMPLEMENTATIONS, open, record } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';

/** All that a server answers to a request. @param target in which PORT is the server's */
async function answerOf(options: Partial<WebSocketServerOptions>, target = '/'): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await next(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new RawClient(port);
  onTestFinished(() => void client.socket.destroy());
  client.send(requestHead(port, { target: target.replace('PORT', String(port)) }));
  const head = await client.takeHead();
  if (head.startsWith('HTTP/1.1 101')) return head;
  await client.closed;
  return head + client.received.toString();
}

test('refused with a status that has no name', async () => {
  const answer = await answerOf({ verifyClient: (_info, done) => done(false, 599) });
  expect(answer).toMatch(/^HTTP\/1\.1 599 \r\n/);
  expect(answer).toMatch(/\r\nContent-Length: 0\r\n(.+\r\n)*\r\n$/);
});

test('refused with a header that is undefined: it is left out', async () => {
  const headers = { 'X-Why': 'money', 'X-Nothing': undefined };
  const answer = await answerOf({ verifyClient: (_info, done) => done(false, 402, 'pay', headers) });
  expect(answer).toMatch(/^HTTP\/1\.1 402 Payment Required\r\n/);
  expect(answer).toContain('\r\nX-Why: money\r\n');
  expect(answer).not.toContain('X-Nothing');
  expect(answer).toMatch(/\r\n\r\npay$/);
});

test.each([
  ['http://127.0.0.1:PORT', '/', 101],
  ['http://127.0.0.1:PORT?a=1', '/', 101],
  ['http://127.0.0.1:PORT/chat', '/chat', 101],
  ['http://127.0.0.1:PORT', '/chat', 400],
])('the target %s at a server of the path %s: %d', async (target, path, status) => {
  expect(await answerOf({ path }, target)).toContain(`HTTP/1.1 ${status} `);
});

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  test('without a host it listens on every address, a backlog or not', async () => {
    for (const backlog of [undefined, 5]) {
      const server = new api.WebSocketServer({ port: 0, ...(backlog === undefined ? {} : { backlog }) });
      await next(server, 'listening');
      const { address, port } = server.address() as AddressInfo;
      expect(['::', '0.0.0.0']).toContain(address);
      const client = await open(api, `ws://127.0.0.1:${port}`);
      client.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });

  test('closed when it has been closed already: close comes again', async () => {
    const server = new api.WebSocketServer({ noServer: true });
    const events = record(server, ['close']);
    server.close();
    await expect.poll(() => events.length).toBe(1);
    server.close();
    await expect.poll(() => events.length).toBe(2);
    expect(events).toEqual([['close'], ['close']]);
  });
});
