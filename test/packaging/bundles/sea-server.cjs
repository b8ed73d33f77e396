// The program of a single executable application (sea.test.ts): a server that echoes, and a client that asks it once.

const { WebSocket, WebSocketServer } = require('wsimd/node');
const { isSea } = require('node:sea');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data)));
server.on('listening', () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  client.on('open', () => client.send('hello'));
  client.on('message', (data) => {
    const { kernel } = server.stats();
    console.log(
      JSON.stringify({ isSea: isSea(), data: String(data), extensions: client.extensions, kernel: kernel.name }),
    );
    client.close();
    server.close();
  });
});
