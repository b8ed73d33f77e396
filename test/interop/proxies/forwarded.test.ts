// What a server learns of the client behind a proxy, from `request`: the same as a server of `ws` does.

import type { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import * as ws from 'ws';
import { WebSocketServer } from '../../../src/node/index.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { isInstalled, startProxy } from '../../support/servers/proxies.js';
import { open } from './conversation.js';
import { FRONTS } from './fronts.js';

const SERVERS: ((httpServer: Server) => EventEmitter)[] = [
  (server) => new WebSocketServer({ server }),
  (server) => new ws.WebSocketServer({ server }),
];

for (const { name, program, configuration } of FRONTS) {
  describeWith(name, isInstalled(program), () => {
    test('headers and address', async () => {
      const seen: unknown[] = [];
      for (const attach of SERVERS) {
        const httpServer = createServer();
        attach(httpServer).on(
          'connection',
          (_webSocket: unknown, { url, httpVersion, headers, socket }: IncomingMessage) => {
            const { 'sec-websocket-key': _key, ...others } = headers;
            seen.push({ url, httpVersion, headers: others, address: socket.remoteAddress });
          },
        );
        await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
        onTestFinished(() => void httpServer.close());
        const backend = (httpServer.address() as AddressInfo).port;
        const port = await startProxy({ program, configuration, backend });
        const headers = { Host: 'chat.example:8443', 'X-MiXed': 'a', 'X-Forwarded-For': '203.0.113.7' };
        await open('ws', `ws://127.0.0.1:${port}/room?id=1`, { headers });
      }
      expect(seen[0]).toEqual(seen[1]);
      expect(seen[0]).toMatchObject({
        url: '/room?id=1',
        httpVersion: '1.1',
        address: '127.0.0.1',
        headers: { host: 'chat.example:8443', 'x-mixed': 'a', 'x-forwarded-for': '203.0.113.7, 127.0.0.1' },
      });
    });
  });
}
