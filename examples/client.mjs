// A client on Node: says hello to the server of examples/server.mjs, or to the URL given.

import { connect } from 'wsimd/node';

const socket = await connect(process.argv[2] ?? 'ws://127.0.0.1:8080');
socket.on('message', (data) => {
  console.log('received', data);
  socket.close(1000, 'that was all');
});
socket.on('close', (closeCode, reason) => console.log('closed', closeCode, reason));
socket.send('hello');
