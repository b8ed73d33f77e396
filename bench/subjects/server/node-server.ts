// The server under test on Node: `ws` or a build of wsimd, as the job says. Both run this same code, written as their users write it.

import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { delay, makeHeap, makePushText } from './application.js';
import { control } from './control.js';
import { type Push, readServerJob } from './job.js';
import { type AnyServer, loadLibrary, type Socket, serverOptions } from './library.js';

const PENDING_LENGTH = 100;

const job = readServerJob(process.argv[2]);
const library = await loadLibrary(job.library);
const { WebSocketServer, createWebSocketStream, broadcast } = library;
const heap = makeHeap(job.heapObjects);
const httpServer = makeHttpServer();
const server = new WebSocketServer(serverOptions(job, httpServer));
const { clients } = server;
const answerLater = delay(job.reply);

server.on('connection', (socket: Socket) => {
  // The load cuts its connections.
  socket.on('error', () => {});
  if (job.isBorrowed && socket.lendsMessages !== true) throw new Error('the option messageLifetime has no effect');
  serveConnection(socket);
  if (job.push !== undefined && clients.size === job.push.clients) startPushing(job.push);
});

httpServer.listen(0, '127.0.0.1', 1024, () => {
  const { port } = httpServer.address() as AddressInfo;
  control({ port, versions: { node: process.versions.node } }, { sendToAll, reset: () => void heap.length });
});

function makeHttpServer(): AnyServer {
  if (job.isHttp2) return createHttp2Server({ settings: { enableConnectProtocol: true } });
  return job.certificate === undefined ? createServer() : createHttpsServer({ ...job.certificate });
}

function serveConnection(socket: Socket): void {
  if (job.kind === 'stream') {
    const stream = createWebSocketStream(socket);
    stream.on('error', () => {});
    stream.pipe(stream);
  } else if (job.form === 'string') {
    socket.on('message', (data) => answerLater(() => socket.send(String(data))));
  } else if (job.reply === 'sync') {
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  } else {
    socket.on('message', (data, isBinary) => answerLater(() => sendIfOpen(socket, data as Buffer, isBinary)));
  }
}

/** An answer that comes late may find the connection closed. */
function sendIfOpen(socket: Socket, data: Buffer, isBinary: boolean): void {
  if (socket.readyState === socket.OPEN) socket.send(data, { binary: isBinary });
}

function startPushing({ clients: wanted, size, interval, how, skipAbove = Number.POSITIVE_INFINITY }: Push): void {
  const push = () => {
    const message = makePushText(size);
    if (how === 'broadcast') {
      if (broadcast === undefined) throw new Error(`${job.library} has no broadcast`);
      broadcast(clients, message);
      return;
    }
    for (const client of clients) {
      if (client.readyState === client.OPEN && client.bufferedAmount <= skipAbove) client.send(message);
    }
  };
  const ticking = setInterval(() => {
    if (clients.size < wanted) clearInterval(ticking);
    else push();
  }, interval);
}

function sendToAll(): void {
  const message = 'x'.repeat(PENDING_LENGTH);
  for (const client of clients) client.send(message);
}
