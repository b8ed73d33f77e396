// An echo server with metrics for Prometheus: `node metrics.mjs`, then connect to ws://localhost:8080 and read http://localhost:9100/metrics.
// It needs prom-client. The numbers are those of `server.stats()`, read when they are asked for: no message pays for them.
// docs/how-to/operate.md says what to watch.

import { createServer } from 'node:http';
import client from 'prom-client';
import { WebSocketServer } from 'wsimd/node';

const server = new WebSocketServer({
  port: Number(process.env.PORT ?? 8080),
  host: '127.0.0.1',
  perMessageDeflate: true,
  maxConnections: Number(process.env.MAX_CONNECTIONS ?? 5000),
  maxPayload: 1024 * 1024,
  maxBackpressure: 1024 * 1024,
  idleTimeout: 300_000,
  handshakeTimeout: 10_000,
  heartbeat: { interval: 30_000 },
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {}); // counted as a limit or a close code
});

const registry = new client.Registry(client.Registry.OPENMETRICS_CONTENT_TYPE);
client.collectDefaultMetrics({ register: registry });

/** A number that goes up and down. */
function gauge(name, help, read) {
  new client.Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read(server.stats()));
    },
  });
}

/** A number that only grows. prom-client counts by adding, so the counter is set back before each time that it is read. */
function counter(name, help, labelNames, read) {
  new client.Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read(server.stats())) this.inc(labels, value);
    },
  });
}

const byKey = (label, counts) => Object.entries(counts).map(([key, value]) => [{ [label]: key }, value]);
const byDirection = (received, sent) => [
  [{ direction: 'received' }, received],
  [{ direction: 'sent' }, sent],
];

gauge('websocket_connections', 'Open connections', (stats) => stats.connections);
gauge(
  'websocket_pending_handshakes',
  'Requests that the program has yet to decide on',
  (stats) => stats.pendingHandshakes,
);
gauge('websocket_buffered_bytes', 'Bytes that the system has not taken yet', (stats) => stats.buffered);
gauge('websocket_held_bytes', 'Bytes of incomplete messages', (stats) => stats.held);
gauge('websocket_waiting_turns', 'Connections that wait for a turn', (stats) => stats.turns.waiting);
gauge('websocket_compression_pool_bytes', 'Bytes reserved for compression', (stats) => stats.pool?.usedLength ?? 0);
counter('websocket_opened', 'Connections since the start', [], (stats) => [[{}, stats.opened]]);
counter('websocket_closed', 'Connections that have ended', ['code'], (stats) => byKey('code', stats.closed));
counter('websocket_refused', 'Handshakes that were refused', ['status'], (stats) => byKey('status', stats.refused));
counter('websocket_limits', 'Limits that were hit', ['limit'], (stats) => byKey('limit', stats.limits));
counter('websocket_bytes', 'Bytes of frames', ['direction'], (stats) =>
  byDirection(stats.bytesReceived, stats.bytesSent),
);
counter('websocket_messages', 'Messages', ['direction'], (stats) =>
  byDirection(stats.messagesReceived, stats.messagesSent),
);
counter('websocket_dropped', 'Messages beyond maxBackpressure', [], (stats) => [[{}, stats.messagesDropped]]);
counter('websocket_compressed_plain_bytes', 'Bytes of compressed messages, before', ['direction'], ({ compression }) =>
  byDirection(compression.received.plainBytes, compression.sent.plainBytes),
);
counter('websocket_compressed_bytes', 'Bytes of compressed messages, as sent', ['direction'], ({ compression }) =>
  byDirection(compression.received.compressedBytes, compression.sent.compressedBytes),
);

const metrics = createServer(async (_request, response) => {
  response.setHeader('Content-Type', registry.contentType);
  response.end(await registry.metrics());
});
metrics.listen(Number(process.env.METRICS_PORT ?? 9100), '127.0.0.1', () =>
  console.log(`metrics on http://127.0.0.1:${metrics.address().port}/metrics`),
);
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));

process.once('SIGTERM', async () => {
  const { closed, cut } = await server.shutdown({ reason: 'the server restarts' });
  console.log(`closed ${closed}, cut ${cut}`);
  metrics.close();
  metrics.closeAllConnections();
});
