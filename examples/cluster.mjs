// A chat past one process: workers share a port, and what one client says reaches the clients of all of them, by way of the
// primary. `node cluster.mjs`, then connect to ws://localhost:8080 as often as you like.

import cluster from 'node:cluster';
import { broadcast, WebSocketServer } from 'wsimd/node';

const WORKERS = 2;

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i++) cluster.fork();
  // What a worker hears goes to every worker, itself included: one order for all.
  cluster.on('message', (_worker, said) => {
    for (const worker of Object.values(cluster.workers)) worker.send(said);
  });
  cluster.once('listening', (_worker, { address, port }) => console.log(`listening on ws://${address}:${port}`));
} else {
  const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.send(`worker ${cluster.worker.id}`);
    socket.on('message', (data) => process.send(data.toString()));
    socket.on('error', (error) => console.log(error.code, error.message));
  });
  process.on('message', (said) => broadcast(server.clients, said));
}
