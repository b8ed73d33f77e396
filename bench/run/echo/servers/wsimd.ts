// The echo server on wsimd/node; what comes in on /broadcast goes to all who are there.

import { broadcast, type WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { serve } from './serving.js';

// An argument asks for reads straight into the arena.
const directReads = process.argv.includes('direct');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', directReads });
const listeners = new Set<WebSocket>();

server.on('connection', (socket, request) => {
  if (socket.readsDirectly !== directReads) throw new Error('the option directReads has no effect');
  if (request.url !== '/broadcast') {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    return;
  }
  listeners.add(socket);
  socket.on('close', () => listeners.delete(socket));
  socket.on('message', (data, isBinary) => broadcast(listeners, data, { binary: isBinary }));
});
server.on('listening', () => serve(server));
