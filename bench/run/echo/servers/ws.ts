// The echo server on ws, with its addons; what comes in on /broadcast goes to all who are there.

import { type WebSocket, WebSocketServer } from 'ws';
import { serve } from './serving.js';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
const listeners = new Set<WebSocket>();

server.on('connection', (socket, request) => {
  if (request.url !== '/broadcast') {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    return;
  }
  listeners.add(socket);
  socket.on('close', () => listeners.delete(socket));
  // As its documentation shows it.
  socket.on('message', (data, isBinary) => {
    for (const listener of listeners) listener.send(data, { binary: isBinary });
  });
});
server.on('listening', () => serve(server));
