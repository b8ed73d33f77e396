// Express and a WebSocket server on one port: pages, a route that pushes to the sockets, a path of the sockets' own.

const http = require('node:http');
const { once } = require('node:events');
const express = require('express');
const WebSocket = require('ws');

const app = express();
app.use(express.json());
const server = http.createServer(app);
const wss = new WebSocket.Server({ server, path: '/live' });

app.get('/', (_req, res) => res.send('<h1>hello</h1>'));
app.post('/push', (req, res) => {
  let count = 0;
  for (const client of wss.clients) {
    client.send(JSON.stringify(req.body));
    count++;
  }
  res.json({ count });
});
wss.on('connection', (ws, req) => {
  ws.send(`${req.method} ${req.url} ${req.headers.upgrade} ${req.socket.remoteAddress}`);
  ws.on('message', (message) => console.log('received: %s', message));
});

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const base = `http://127.0.0.1:${port}`;
  const ws = new WebSocket(`ws://127.0.0.1:${port}/live?room=1`);
  console.log(String((await once(ws, 'message'))[0]));
  const pushed = once(ws, 'message');
  const headers = { 'Content-Type': 'application/json' };
  console.log(await (await fetch(`${base}/push`, { method: 'POST', headers, body: '{"news":1}' })).text());
  console.log(String((await pushed)[0]));
  console.log(await (await fetch(base)).text());
  const lost = new WebSocket(`ws://127.0.0.1:${port}/other`);
  const [error] = await once(lost, 'error');
  console.log(error.name, error.message, lost.readyState);
  ws.send('over and out');
  ws.close(1000);
  console.log(await once(ws, 'close'));
  wss.close();
  server.close(() => console.log('closed'));
  server.closeAllConnections();
});
