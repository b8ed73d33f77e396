// A program of several processes: socket.io on our server in each worker of a cluster, or in each process of its own, joined by the
// cluster adapter or by Redis. Driven by socket-io-cluster.test.ts.

import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { WebSocketServer } from 'wsimd/node';

const require = createRequire(import.meta.url);
const { Server } = require('socket.io');
const { REDIS_PORT } = process.env;

if (cluster.isPrimary) {
  if (REDIS_PORT === undefined) {
    // Else Buffers cross as JSON.
    cluster.setupPrimary({ serialization: 'advanced' });
    require('@socket.io/cluster-adapter').setupPrimary();
  }
  for (let i = 0; i < 2; i++) cluster.fork();
  cluster.once('listening', (_worker, { port }) => console.log(`port ${port}`));
} else {
  const httpServer = createServer();
  const server = new Server(httpServer, {
    transports: ['websocket'],
    wsEngine: WebSocketServer,
    adapter: await makeAdapter(),
  });
  server.on('connection', (socket) => {
    socket.emit('worker', cluster.worker.id);
    socket.on('join', async (room, done) => {
      await socket.join(room);
      done();
    });
    socket.on('say', (room, data) => server.to(room).emit('said', data));
    socket.on('shout', (data) => server.emit('said', data));
    socket.on('count', async (done) => done((await server.fetchSockets()).length));
  });
  httpServer.listen(0, '127.0.0.1');
}

async function makeAdapter() {
  if (REDIS_PORT === undefined) return require('@socket.io/cluster-adapter').createAdapter();
  const { createClient } = require('redis');
  const publisher = createClient({ url: `redis://127.0.0.1:${REDIS_PORT}` });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return require('@socket.io/redis-adapter').createAdapter(publisher, subscriber);
}
