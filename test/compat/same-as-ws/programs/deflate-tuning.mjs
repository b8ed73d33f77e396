// permessage-deflate with the options that the README of `ws` shows.

import { once } from 'node:events';
import WebSocket, { WebSocketServer } from 'ws';

const wss = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate: {
    zlibDeflateOptions: { chunkSize: 1024, memLevel: 7, level: 3 },
    zlibInflateOptions: { chunkSize: 10 * 1024 },
    clientNoContextTakeover: true,
    serverNoContextTakeover: true,
    serverMaxWindowBits: 10,
    concurrencyLimit: 10,
    threshold: 1024,
  },
});
await once(wss, 'listening');
let onWire = 0;
wss.on('connection', (ws, { headers, socket }) => {
  console.log(headers['sec-websocket-extensions']?.split(';')[0]);
  const before = socket.bytesRead;
  ws.on('message', (data, isBinary) => {
    onWire = socket.bytesRead - before;
    ws.send(data, { binary: isBinary, compress: data.length > 100 });
  });
});
for (const perMessageDeflate of [undefined, true, false, { threshold: 0 }]) {
  const options = perMessageDeflate === undefined ? {} : { perMessageDeflate };
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`, options);
  await once(ws, 'open');
  const negotiated = ws.extensions.split(';')[0];
  for (const text of ['short', JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ id, name: `user ${id}` })))]) {
    const echo = once(ws, 'message');
    ws.send(text);
    const [data, isBinary] = await echo;
    console.log(JSON.stringify(perMessageDeflate), negotiated, String(data) === text, isBinary, onWire < text.length);
  }
  ws.close();
  console.log(await once(ws, 'close'));
}
wss.close(() => console.log('closed'));
