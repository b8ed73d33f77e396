// Two servers without a port on one HTTP server, chosen by the path, and a socket that is destroyed for every other path.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

const server = createServer();
const wss1 = new WebSocketServer({ noServer: true });
const wss2 = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][1] ?? false });

wss1.on('connection', (ws, request, client) => ws.send(`one ${request.url} ${client}`));
wss2.on('connection', (ws) => ws.send(`two ${ws.protocol}`));
wss2.on('headers', (headers, request) => headers.push(`X-Path: ${request.url}`));
for (const [name, wss] of Object.entries({ wss1, wss2 }))
  wss.on('wsClientError', (error) => console.log(name, error.message));

server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'wss://base.url');
  if (pathname === '/foo')
    wss1.handleUpgrade(request, socket, head, (ws) => wss1.emit('connection', ws, request, 'Ada'));
  else if (pathname === '/bar') wss2.handleUpgrade(request, socket, head, (ws) => wss2.emit('connection', ws, request));
  else socket.destroy();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}`;

const foo = new WebSocket(`${url}/foo?x=1`);
console.log(String((await once(foo, 'message'))[0]));
const bar = new WebSocket(`${url}/bar`, ['a', 'b']);
bar.on('upgrade', ({ statusCode, headers }) =>
  console.log(statusCode, headers['x-path'], headers['sec-websocket-protocol']),
);
console.log(String((await once(bar, 'message'))[0]), bar.protocol, bar.url === `${url}/bar`);
const lost = new WebSocket(`${url}/baz`);
console.log((await once(lost, 'error'))[0].message);
console.log(wss1.clients.size, wss2.clients.size, wss1.options.noServer);
try {
  wss1.address();
} catch (error) {
  console.log(error.message);
}
const closes = [once(foo, 'close'), once(bar, 'close')];
foo.close(1000, 'done');
bar.close();
console.log(await Promise.all(closes));
server.close(() => console.log('closed'));
