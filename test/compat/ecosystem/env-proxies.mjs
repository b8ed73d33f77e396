// Run by env-proxies.test.ts on a Node whose agents read the proxies of an environment: opens WebSockets with such agents, and writes what
// came back and what the proxy saw. The key and certificate are files: process.argv[2] and [3].

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import process from 'node:process';
import { WebSocket, WebSocketServer } from '../../../build/src/node/index.js';

const listen = async (server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
};
const [, , key, cert] = process.argv;
const plain = http.createServer();
const secure = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) });
for (const server of [plain, secure]) {
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
}

/** What the proxy was asked for. */
let asked = [];
const proxy = http.createServer();
const relay = (socket, target, start) => {
  const [host, port] = target.split(':');
  const upstream = net.connect(Number(port), host, () => {
    start(upstream);
    upstream.pipe(socket).pipe(upstream);
  });
  for (const stream of [upstream, socket]) stream.on('error', () => {});
};
proxy.on('connect', ({ url }, socket, head) => {
  asked.push('CONNECT');
  relay(socket, url, (upstream) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    upstream.write(head);
  });
});
proxy.on('upgrade', ({ url, headers }, socket) => {
  asked.push('GET');
  const { host, pathname } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  relay(socket, host, (upstream) => upstream.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`));
});

const [http1, tls, through] = [await listen(plain), await listen(secure), `http://${await listen(proxy)}`];
const results = [];
for (const [url, Agent, noProxy] of [
  [`ws://${http1}/`, http.Agent, ''],
  [`wss://${tls}/`, https.Agent, ''],
  [`ws://${http1}/`, http.Agent, '127.0.0.1'],
]) {
  const proxyEnv = { HTTP_PROXY: through, HTTPS_PROXY: through, NO_PROXY: noProxy };
  const agent = new Agent({ proxyEnv, rejectUnauthorized: false });
  const socket = new WebSocket(url, { agent, rejectUnauthorized: false, handshakeTimeout: 5000 });
  await once(socket, 'open');
  socket.send(Agent === https.Agent ? 'secure' : 'plain');
  const [data] = await once(socket, 'message');
  results.push([String(data), asked]);
  asked = [];
  socket.terminate();
}
console.log(JSON.stringify(results));
process.exit();
