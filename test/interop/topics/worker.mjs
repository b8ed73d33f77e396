// One of two processes with the same topics: a server whose relay is Redis. Its parent tells it what to publish, and hears of losses.

import { createClient } from 'redis';
import { RedisRelay, WebSocketServer } from 'wsimd/node';

const client = createClient({
  url: `redis://127.0.0.1:${process.env.REDIS_PORT}`,
  socket: { reconnectStrategy: 50 },
  disableOfflineQueue: process.env.NO_QUEUE === '1',
});
client.on('error', () => {});
await client.connect();
const relay = new RedisRelay(client);
for (const name of ['loss', 'outage', 'restored']) {
  relay.on(name, (said) =>
    process.send({ name, publisher: said?.publisher, count: said?.count, isOurs: said?.publisher === relay.id }),
  );
}
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
server.on('relayError', (error) => process.send({ name: 'relayError', message: error.message }));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (topic) => {
    socket.subscribe(String(topic));
    socket.send(`subscribed to ${topic}`);
  });
});
await server.useRelay(relay);
let published = 0;
process.on('message', ({ publish, from, isBinary }) => {
  for (let i = 0; i < publish; i++) {
    const text = `${from} ${published++}`;
    server.publish('news', isBinary ? Buffer.from(text) : text);
  }
  process.send({ name: 'published', count: published });
});
process.on('disconnect', () => process.exit());
process.send({ name: 'listening', port: server.address().port });
