// Our client with a proxy before the server of somebody else: that of `ws`, and Python's `websockets`.

import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import * as ws from 'ws';
import { describeWith } from '../../support/programs/describe-with.js';
import { isInstalled, startProxy } from '../../support/servers/proxies.js';
import { next } from '../../support/servers/servers.js';
import { pythonVersion, startPythonServer } from '../languages/python.js';
import { converse, open } from './conversation.js';
import { FRONTS } from './fronts.js';
import { closeOf } from './server.js';

/** Each runs until the test has ended. @returns its port */
const SERVERS = {
  ws: async () => {
    const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    await next(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  'python3-websockets': async () => {
    const server = await startPythonServer('websockets');
    onTestFinished(() => server.stop());
    return server.port;
  },
};

for (const [name, start] of Object.entries(SERVERS)) {
  const isThere = name === 'ws' || pythonVersion('websockets') !== undefined;
  describeWith(name, isThere, () => {
    for (const { name: front, program, configuration } of FRONTS) {
      describeWith(`behind ${front}`, isInstalled(program), () => {
        test('messages of every kind, compressed, and the close', async () => {
          const port = await startProxy({ program, configuration, backend: await start() });
          // By it the server of Python is told to agree on permessage-deflate.
          const headers = { 'X-Deflate': '{}' };
          const client = await open('ours', `ws://127.0.0.1:${port}/`, { headers });
          expect(client.extensions).toContain('permessage-deflate');
          await converse(client);
          const closed = closeOf(client);
          client.close(4001, 'bye');
          expect((await closed)[0]).toBe(4001);
        });
      });
    }
  });
}
