// WebSockets as duplex streams: a pipe through a transform, an echo of a large file's worth, `pipeline`, and an end from either side.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws';

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(wss, 'listening');
const url = `ws://127.0.0.1:${wss.address().port}`;
wss.on('connection', (ws, { url: path }) => {
  const duplex = createWebSocketStream(ws, { encoding: path === '/upper' ? 'utf8' : undefined });
  duplex.on('error', (error) => console.log('server', error.message));
  const upper = new Transform({
    transform(chunk, _encoding, done) {
      done(null, path === '/upper' ? String(chunk).toUpperCase() : chunk);
    },
  });
  duplex.pipe(upper).pipe(duplex);
});

const ws = new WebSocket(`${url}/upper`);
const duplex = createWebSocketStream(ws, { encoding: 'utf8' });
duplex.write('shout ');
duplex.write('please');
let said = '';
for await (const chunk of duplex) {
  said += chunk;
  if (said.length === 12) duplex.end();
}
console.log(said, ws.readyState, duplex.destroyed, duplex.readableEnded, duplex.writableFinished);

const chunks = Array.from({ length: 64 }, (_, i) => Buffer.alloc(20_000 + i, i));
const whole = chunks.reduce((sum, { length }) => sum + length, 0);
const sent = createHash('sha1');
const received = createHash('sha1');
const echo = createWebSocketStream(new WebSocket(`${url}/echo`));
let length = 0;
const all = new Promise((resolve) => {
  echo.on('data', (chunk) => {
    length += chunk.length;
    received.update(chunk);
    if (length === whole) resolve();
  });
});
const hashing = async function* (source) {
  for await (const chunk of source) {
    sent.update(chunk);
    yield chunk;
  }
};
await pipeline(Readable.from(chunks), hashing, echo, { end: false });
await all;
console.log(length, sent.digest('hex') === received.digest('hex'));
await pipeline(Readable.from([]), echo);
console.log(echo.readableEnded, echo.destroyed);

const broken = createWebSocketStream(new WebSocket('ws://127.0.0.1:1'));
broken.on('error', (error) => console.log('client', error.code));
await new Promise((resolve) => broken.on('close', resolve));
const cut = new WebSocket(`${url}/cut`);
const ended = createWebSocketStream(cut);
await once(cut, 'open');
const closed = once(cut, 'close');
const failed = new Promise((resolve) => ended.on('error', resolve));
ended.destroy(new Error('enough'));
console.log((await failed).message, await closed);
wss.close(() => console.log('closed'));
