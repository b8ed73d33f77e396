// An echo server that stops cleanly: `node shutdown.mjs`, connect to ws://localhost:8080, then `kill -TERM` it, as systemd, Docker and
// Kubernetes do. Each client gets what was sent to it, and a Close frame with 1001; those that have not answered after 10 seconds are cut.
// A second signal cuts them at once.

import { WebSocketServer } from 'wsimd/node';

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', (error) => console.log(error.code, error.message));
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));

let isStopping = false;

async function stop(signal) {
  const timeout = isStopping ? 0 : 10_000;
  console.log(`${signal}: closing ${server.clients.size} connections within ${timeout} ms`);
  const isFirst = !isStopping;
  isStopping = true;
  const { closed, cut } = await server.shutdown({ reason: 'the server restarts', timeout });
  // Nothing keeps the process alive any more: it ends by itself.
  if (isFirst) console.log(`closed ${closed}, cut ${cut}`);
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
