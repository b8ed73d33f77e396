// An echo server whose handshakes and connections are spans of OpenTelemetry: `node --import ./your-sdk.mjs tracing.mjs`. It needs
// @opentelemetry/api; without an SDK, the spans go nowhere. A span ends with its handshake or connection; a limit that is hit is an event
// of the connection's span.

import { subscribe, tracingChannel } from 'node:diagnostics_channel';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { WebSocketServer } from 'wsimd/node';

const tracer = trace.getTracer('wsimd');

/** By the context of the handshake. */
const handshakes = new WeakMap();
/** By WebSocket. */
const connections = new WeakMap();

tracingChannel('wsimd:websocket:handshake').subscribe({
  start(handshake) {
    const { url, headers } = handshake.request;
    const attributes = { 'url.path': url, 'user_agent.original': headers['user-agent'] };
    handshakes.set(handshake, tracer.startSpan('websocket handshake', { kind: SpanKind.SERVER, attributes }));
  },
  error(handshake) {
    const span = handshakes.get(handshake);
    span?.recordException(handshake.error);
    span?.setStatus({ code: SpanStatusCode.ERROR, message: handshake.error.message });
  },
  asyncEnd(handshake) {
    const span = handshakes.get(handshake);
    if (span === undefined) return;
    if (handshake.status !== undefined) span.setAttribute('http.response.status_code', handshake.status);
    span.end();
    if (handshake.websocket === undefined) return;
    // The connection is a span of its own, below that of the handshake.
    const parent = trace.setSpan(context.active(), span);
    connections.set(handshake.websocket, tracer.startSpan('websocket connection', {}, parent));
  },
  end() {},
  asyncStart() {},
});

subscribe('wsimd:websocket:limit', ({ websocket, limit }) => {
  if (websocket !== undefined) connections.get(websocket)?.addEvent('limit', { limit });
});

subscribe('wsimd:websocket:close', ({ websocket, code }) => {
  const span = connections.get(websocket);
  if (span === undefined) return;
  const { messagesReceived, messagesSent, bytesReceived, bytesSent } = websocket.stats();
  span.setAttributes({ 'websocket.close_code': code, messagesReceived, messagesSent, bytesReceived, bytesSent });
  if (code === 1006) span.setStatus({ code: SpanStatusCode.ERROR, message: 'ended without a Close frame' });
  span.end();
});

const server = new WebSocketServer({
  port: Number(process.env.PORT ?? 8080),
  host: '127.0.0.1',
  maxPayload: 1024 * 1024,
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {}); // in the span, as a limit
});
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
