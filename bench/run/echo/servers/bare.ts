// A socket of Node's that does no WebSocket: it counts the bytes that come in, and answers each chunk with frames made before.
// What it needs for a message the sockets need by themselves; nobody who decodes and encodes can need less on them. Arguments:
// "text" or "binary", and the size of the messages.

import { createServer } from 'node:http';
import { acceptKey } from '../../../../src/handshake/index.js';
import { CYCLE, makeWire } from '../wire.js';
import { serve } from './serving.js';

const [type, size] = process.argv.slice(2);
const { replies, requestLength, replyLength } = makeWire(type === 'text', Number(size));

const server = createServer();
server.on('upgrade', ({ headers }, socket) => {
  const key = acceptKey(headers['sec-websocket-key'] ?? '');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${key}`].join('\r\n')}\r\n\r\n`);
  let partial = 0;
  let repliesSent = 0;
  socket.on('data', (chunk: Buffer) => {
    const bytes = partial + chunk.length;
    partial = bytes % requestLength;
    const count = (bytes - partial) / requestLength;
    if (count === 0) return;
    const start = repliesSent * replyLength;
    repliesSent = (repliesSent + count) % CYCLE;
    socket.write(replies.subarray(start, start + count * replyLength));
  });
  // The load ends by being cut.
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => serve(server));
