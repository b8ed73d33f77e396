// What a program of CommonJS does with `wsimd/node`, whatever runs or bundles it: a server and a client that compress, on both
// kernels' WebAssembly. It names the package as its users do.

const WebSocket = require('wsimd/node');
const { WebSocketServer } = require('wsimd/node');

/** @returns what `require` gave, and what came back for a message */
async function echo() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
  client.on('open', () => client.send('Grüße 漢字 '.repeat(1000)));
  const text = await new Promise((resolve, reject) => {
    client.on('message', (data) => resolve(String(data)));
    client.on('error', reject);
  });
  client.close();
  await new Promise((resolve) => server.close(resolve));
  return {
    type: typeof WebSocket,
    name: WebSocket.name,
    isItself: WebSocket.WebSocket === WebSocket && WebSocket.Server === WebSocketServer,
    extensions: client.extensions.split(';')[0],
    isEcho: text === 'Grüße 漢字 '.repeat(1000),
  };
}

module.exports = { echo };
