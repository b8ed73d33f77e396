// The echo server on wsimd/node twice: over HTTP/1.1, and over HTTP/2 without TLS. It says both ports, and ends with its parent.

import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from '../../../../src/node/index.js';

const servers = [createServer(), createHttp2Server({ settings: { enableConnectProtocol: true } })];
const ports: number[] = [];
for (const server of servers) {
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.push((server.address() as AddressInfo).port);
}
process.stdin.on('data', () => {});
process.stdin.on('end', () => process.exit());
console.log(ports.join(' '));
