// An echo server for load generators: `node echo.mjs`, then send to ws://127.0.0.1:9001. `--library ws` runs the same code on ws.

import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { library: { type: 'string', default: 'wsimd/node' } },
});
const { WebSocketServer } = await import(options.library);

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 9001), host: '127.0.0.1' });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // A generator ends without a Close frame.
  socket.on('error', () => {});
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
