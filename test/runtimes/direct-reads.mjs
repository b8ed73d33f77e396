// Reads straight into the arena (the option `directReads`), under load and under faults, on the Node that runs this: what comes
// back is compared byte by byte. One line says what was done; or it throws. `node direct-reads.mjs`

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { FrameEncoder } from '../../build/src/index.js';
import { WebSocket, WebSocketServer } from '../../build/src/node/index.js';

const REQUEST_END = [
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const REQUEST = Buffer.from(`GET / HTTP/1.1\r\n${REQUEST_END.join('\r\n')}\r\n\r\n`);
const frames = new FrameEncoder({ role: 'client' });
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', directReads: true });
await once(server, 'listening');
const { port } = server.address();
let closes = 0;
let served = 0;
server.on('connection', (webSocket) => {
  served++;
  assert.equal(webSocket.readsDirectly, true);
  webSocket.on('message', (data, isBinary) => {
    // Every fourth message has the server pause in its midst.
    if (data.length % 4 === 0) {
      webSocket.pause();
      setImmediate(() => webSocket.resume());
    }
    webSocket.send(data, { binary: isBinary });
    if (String(data) === 'throw') throw new Error('of a listener');
  });
  webSocket.on('close', () => closes++);
});
let thrown = 0;
process.on('uncaughtException', (error) => {
  if (error.message !== 'of a listener') throw error;
  thrown++;
});

/** Many at once, messages of all lengths: what goes out on one connection must come back on it, in order. */
async function echo(connections, messages, lengthOf) {
  const work = Array.from({ length: connections }, async (_, connection) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { directReads: true, perMessageDeflate: false });
    await once(client, 'open');
    assert.equal(client.readsDirectly, true);
    const sent = Array.from({ length: messages }, (_, i) => randomBytes(lengthOf(connection, i)));
    const received = [];
    const all = new Promise((resolve) => {
      client.on('message', (data) => {
        received.push(data);
        if (received.length === messages) resolve();
      });
    });
    for (const message of sent) client.send(message);
    await all;
    for (const [i, message] of sent.entries()) assert.ok(message.equals(received[i]), `message ${i}`);
    client.close();
    await once(client, 'close');
  });
  await Promise.all(work);
}
await echo(64, 100, (connection, i) => (connection * 7 + i * 13) % 300);
await echo(16, 20, (connection, i) => (connection * 977 + i * 4099) % 70_000);
await echo(4, 4, () => 1_000_000);

/** Raw clients: what they do to their socket when the handshake is done. */
async function raw(first, then) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(Buffer.concat([REQUEST, ...first]));
  await once(socket, 'data');
  then(socket);
  if (!socket.destroyed) await once(socket, 'close');
}
const before = served;
const half = frames.encodeBinary(randomBytes(5000)).subarray(0, 2500);
const text = frames.encodeText('with the request');
for (let turn = 0; turn < 10; turn++) {
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => {
      switch (i % 5) {
        case 0:
          return raw([half], (socket) => socket.resetAndDestroy());
        case 1:
          return raw([text, half], (socket) => socket.destroy());
        case 2:
          return raw([text], (socket) => socket.end());
        case 3:
          return raw([], (socket) => socket.write(Uint8Array.of(0xff, 0xff)));
        default:
          return raw([], (socket) => socket.write(Buffer.concat([text, frames.encodeClose(1000)])));
      }
    }),
  );
}
assert.equal(served - before, 500);

// A listener that throws: the messages behind it come all the same, and so do those of the others.
const client = new WebSocket(`ws://127.0.0.1:${port}`, { directReads: true });
await once(client, 'open');
const texts = [];
client.on('message', (data) => texts.push(String(data)));
for (const message of ['before', 'throw', 'behind']) client.send(message);
while (texts.length < 3) await once(client, 'message');
assert.deepEqual(texts, ['before', 'throw', 'behind']);
assert.equal(thrown, 1);
client.close();
await once(client, 'close');
await echo(8, 10, (_, i) => i * 100);

while (closes < served) await new Promise((resolve) => setTimeout(resolve, 10));
assert.equal(server.clients.size, 0);
await new Promise((resolve) => server.close(resolve));
console.log(`direct reads: ${served} connections, every byte as it was sent`);
