// A chat room for the chat benchmarks of Bun and crossws: `node chat.mjs`, then start one of their clients. Each message goes to
// everybody, its sender included. `--library ws` runs the same code on ws; `--broadcast` takes `broadcast()` in place of a loop of
// `send`, which only wsimd has; `--names` puts the sender's name before the message, as the servers of Bun's benchmark do.

import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    library: { type: 'string', default: 'wsimd/node' },
    broadcast: { type: 'boolean', default: false },
    names: { type: 'boolean', default: false },
  },
});
const { WebSocketServer, broadcast } = await import(options.library);
if (options.broadcast && broadcast === undefined) throw new Error(`${options.library} has no broadcast()`);

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 4001), host: '127.0.0.1' });

function sendToAll(text) {
  if (options.broadcast) {
    broadcast(server.clients, text);
    return;
  }
  for (const client of server.clients) client.send(text);
}

server.on('connection', (socket, request) => {
  const name = new URL(request.url, 'ws://localhost').searchParams.get('name');
  // Both clients start once each of their connections has received something.
  socket.send('ready');
  socket.on('message', (data) => sendToAll(options.names ? `${name}: ${data}` : data.toString()));
  // The clients end without a Close frame.
  socket.on('error', () => {});
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
