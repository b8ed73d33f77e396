// A broadcast to everybody, and to everybody but the sender, of text and of binary.

import { once } from 'node:events';
import WebSocket, { WebSocketServer } from 'ws';

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', clientTracking: true });
await once(wss, 'listening');

wss.on('connection', function connection(ws) {
  ws.on('message', function message(data, isBinary) {
    wss.clients.forEach(function each(client) {
      if (client.readyState === WebSocket.OPEN && (isBinary || client !== ws)) client.send(data, { binary: isBinary });
    });
  });
});

const clients = [];
for (let i = 0; i < 5; i++) {
  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  client.binaryType = ['nodebuffer', 'arraybuffer', 'fragments', 'nodebuffer', 'arraybuffer'][i];
  client.heard = [];
  client.on('message', (data, isBinary) => client.heard.push([data, isBinary]));
  await once(client, 'open');
  clients.push(client);
}
clients[0].send('to all others');
while (clients.slice(1).some(({ heard }) => heard.length < 1)) await new Promise((resolve) => setTimeout(resolve, 5));
clients[0].send(Uint8Array.of(1, 2, 3));
while (clients.some(({ heard }, i) => heard.length < (i === 0 ? 1 : 2)))
  await new Promise((resolve) => setTimeout(resolve, 5));
for (const client of clients) {
  console.log(client.binaryType, client.heard);
  client.close();
  console.log(await once(client, 'close'));
}
wss.close();
console.log(await once(wss, 'close'));
