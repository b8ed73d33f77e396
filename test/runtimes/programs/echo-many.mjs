// Run by node-hooks.test.ts in other versions of Node: a server and a client in one process, with 20 MB of messages, so that all that
// is done to a socket and to the heap has been done. Prints how many of the messages came back, and how.

import { WebSocket, WebSocketServer } from 'wsimd/node';

const COUNT = 1_000;
const payload = Buffer.alloc(20_000, 'a');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data, { compress: false })));
server.on('listening', () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  let count = 0;
  client.on('open', () => client.send(payload));
  client.on('message', (data) => {
    if (!payload.equals(data)) throw new Error('other bytes');
    if (++count < COUNT) client.send(data, { compress: count % 100 === 0 });
    else client.close(1000);
  });
  client.on('close', (closeCode) => {
    const { kernel } = server.stats();
    console.log(
      JSON.stringify({ count, closeCode, kernel: kernel.name, permission: process.permission !== undefined }),
    );
    server.close();
  });
});
