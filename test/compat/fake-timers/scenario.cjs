// What works whatever clock is in place: a connection, messages in several turns of the event loop, a long one that is compressed in
// slices, events one a turn, a broadcast, and the closing handshake. It is told which implementation, so that Jest can run it too.

'use strict';

const assert = require('node:assert/strict');

const next = (emitter, name) => new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

async function playUnderFakeTimers({ WebSocket, WebSocketServer }, options = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 }, ...options });
  await next(server, 'listening');
  server.on('connection', (webSocket) => {
    webSocket.on('message', async (data, isBinary) => {
      webSocket.send(data, { binary: isBinary });
      await undefined;
      webSocket.send('again');
    });
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
  await next(client, 'open');
  const received = [];
  let whenAll;
  const all = new Promise((resolve) => {
    whenAll = resolve;
  });
  client.on('message', (data) => {
    received.push(String(data).slice(0, 5));
    if (received.length === 8) whenAll();
  });
  client.send('first');
  await next(client, 'message');
  client.send('second');
  client.send('x'.repeat(300_000));
  client.send([1, 2, 3]);
  await all;
  assert.equal(received.filter((text) => text === 'again').length, 4);
  assert.ok(received.includes('xxxxx'));
  const pong = next(client, 'pong');
  client.ping('p');
  await pong;
  const closed = Promise.all([next(client, 'close'), ...[...server.clients].map((served) => next(served, 'close'))]);
  client.close(1000, 'done');
  const [[code, reason]] = await closed;
  assert.deepEqual([code, String(reason)], [1000, 'done']);
  await new Promise((resolve) => server.close(resolve));
}

module.exports = { playUnderFakeTimers };
