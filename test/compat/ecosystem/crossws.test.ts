// crossws's adapter for Node on our server: peers, topics, binary, close.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import crossws from 'crossws/adapters/node';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../../../src/node/index.js';
import { IMPLEMENTATIONS } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';

test.each(IMPLEMENTATIONS)(
  'messages, topics and a close, with the client of %s',
  async (_name, { WebSocket: Client }) => {
    const log: string[] = [];
    const wss = new WebSocketServer({ noServer: true });
    const adapter = crossws({
      wss: wss as never,
      hooks: {
        upgrade: (request) =>
          new URL(request.url).pathname === '/no'
            ? new Response('no', { status: 403 })
            : { headers: { 'x-hook': 'yes' } },
        open(peer) {
          peer.subscribe('all');
          peer.send({ welcome: true });
          log.push(`open ${new URL(peer.request.url).pathname} ${peer.remoteAddress}`);
        },
        message(peer, message) {
          if (message.text() === 'tell') peer.publish('all', 'told');
          else peer.send(message.uint8Array());
        },
        close: (_peer, { code, reason }) => void log.push(`close ${code} ${reason}`),
      },
    });
    const httpServer = createServer();
    httpServer.on('upgrade', (request, socket, head) => void adapter.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const client of wss.clients) client.terminate();
      httpServer.close();
    });
    const url = `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}/chat`;
    const first = new Client(url);
    expect(String((await next(first, 'message'))[0])).toBe('{"welcome":true}');
    const second = new Client(url);
    await next(second, 'message');
    expect(wss.clients.size).toBe(2);

    const echo = next<[Buffer, boolean]>(first, 'message');
    first.send(Buffer.from([1, 2, 3]));
    expect(await echo).toEqual([Buffer.from([1, 2, 3]), true]);
    const told = next<[Buffer]>(second, 'message');
    first.send('tell');
    expect(String((await told)[0])).toBe('told');
    first.close(4000, 'thanks');
    await expect.poll(() => log).toContain('close 4000 thanks');
    expect(log[0]).toBe('open /chat 127.0.0.1');

    const refused = new Client(url.replace('chat', 'no'));
    expect(String((await next(refused, 'error'))[0])).toContain('403');
    second.close();
    await next(second, 'close');
  },
);
