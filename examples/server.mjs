// An echo server on Node: `node server.mjs`, then connect to ws://localhost:8080.

import { WebSocketServer } from 'wsimd/node';

/** Bytes that may wait for a client before we stop reading from it. */
const HIGH_WATER = 1024 * 1024;

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    // Called once the message has left: a client that did not read may send again.
    socket.send(data, { binary: isBinary }, () => socket.resume());
    if (socket.bufferedAmount > HIGH_WATER) socket.pause();
  });
  socket.on('close', (closeCode, reason) => console.log('closed', closeCode, reason.toString()));
  socket.on('error', (error) => console.log(error.code, error.message));
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
