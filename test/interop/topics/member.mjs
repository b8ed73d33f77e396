// A server of two, joined by a relay: a client that says something makes it publish.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'wsimd/node';

export async function startMember(relay) {
  // Else the workers of a cluster share a port.
  const http = createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true });
  const server = new WebSocketServer({ server: http });
  server.on('connection', (socket) => {
    socket.subscribe('news');
    socket.on('message', () => {
      for (let i = 0; i < 100; i++) {
        server.publish('news', i % 2 === 1 ? Buffer.from(`grün ${i}`) : `grün ${i}`);
      }
    });
  });
  await server.useRelay(relay);
  if (!http.listening) await once(http, 'listening');
  return http.address().port;
}
