// Live prices from two processes, joined by Redis: each serves clients of its own and publishes the prices of one exchange, and all clients
// get both. `node prices.mjs` with a Redis at REDIS_URL (by default redis://127.0.0.1:6379).

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { RedisRelay, WebSocketServer } from 'wsimd/node';

const EXCHANGES = ['Paris', 'Tokyo'];
const [exchange] = process.argv.slice(2);

if (exchange === undefined) {
  const program = fileURLToPath(import.meta.url);
  for (const name of EXCHANGES) fork(program, [name]);
} else {
  process.on('disconnect', () => process.exit());
  const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' });
  client.on('error', (error) => console.log(`Redis: ${error.message}`));
  await client.connect();
  const relay = new RedisRelay(client);
  relay.on('loss', ({ publisher, count }) => console.log(`${exchange}: ${count} messages of ${publisher} are lost`));

  // Compressed once for all clients, with reference to the prices before.
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  server.on('listening', () => console.log(`${exchange} is listening on ws://127.0.0.1:${server.address().port}`));
  server.on('connection', (socket) => {
    socket.on('error', (error) => console.log(error.message));
    socket.subscribe('prices');
  });
  await server.useRelay(relay);

  const prices = new Map(['ABC', 'DEF', 'GHI'].map((symbol) => [symbol, 100]));
  const snapshot = () => JSON.stringify({ exchange, prices: Object.fromEntries(prices) });
  setInterval(() => {
    for (const [symbol, price] of prices) prices.set(symbol, Math.round(price * (99 + 2 * Math.random())) / 100);
    server.publish('prices', snapshot());
    // What new clients get at once.
    server.setPrimer('prices', snapshot());
  }, 100);
}
