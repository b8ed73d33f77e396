// An echo server for load generators: `node echo.mjs`, then send to ws://127.0.0.1:9001. `--library ws` runs the same code on ws.
// `--compress` accepts permessage-deflate; replies below 1 KiB stay uncompressed, by the default of both libraries.

import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    library: { type: 'string', default: 'wsimd/node' },
    compress: { type: 'boolean', default: false },
  },
});
const { WebSocketServer } = await import(options.library);

const server = new WebSocketServer({
  port: Number(process.env.PORT ?? 9001),
  host: '127.0.0.1',
  perMessageDeflate: options.compress,
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // A generator ends without a Close frame.
  socket.on('error', () => {});
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
