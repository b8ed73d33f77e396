// An echo server for limited-memory.test.ts, which starts it with little memory. It prints its port, and the code of each error.

import { WebSocketServer } from '../../../../build/src/node/index.js';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  // WebAssembly reserves more addresses than the limit leaves.
  kernel: 'portable',
  perMessageDeflate: false,
  maxPayload: 2 ** 30,
  maxHeldLength: 0,
});
server.on('listening', () => console.log(server.address().port));
server.on('connection', (webSocket) => {
  webSocket.on('error', (error) => console.log(error.code));
  webSocket.on('message', (data) => webSocket.send(data));
});
