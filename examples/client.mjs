// A client on Node: says hello to the server of server.mjs, or to the URL given.

import { WebSocket } from 'wsimd/node';

const socket = new WebSocket(process.argv[2] ?? 'ws://127.0.0.1:8080');
socket.on('open', () => socket.send('hello'));
socket.on('message', (data) => {
  console.log('received', data.toString());
  socket.close(1000, 'that was all');
});
socket.on('close', (closeCode, reason) => console.log('closed', closeCode, reason.toString()));
socket.on('error', (error) => console.log(error.message));
