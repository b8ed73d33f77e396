// An echo server on Node: `node examples/server.mjs`, then connect to ws://localhost:8080.

import { WebSocketServer } from 'wsimd/node';

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('close', (closeCode, reason) => console.log('closed', closeCode, reason.toString()));
  socket.on('error', (error) => console.log(error.code, error.message));
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
