// A bare socket of Node that does no WebSocket: it counts the bytes that come in and answers with frames made before, or pushes them.
// What it costs is what the sockets cost; a library on top of them can only come close.

import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { makeFrame } from '../../core/frames.js';
import { makeReplies, makeRequests } from '../../run/load/wire.js';
import { delay, makeHeap, makePushText } from '../server/application.js';
import { control } from '../server/control.js';
import { type Push, readServerJob } from '../server/job.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const job = readServerJob(process.argv[2]);
const heap = makeHeap(job.heapObjects);
const answerLater = delay(job.reply);
const sockets = new Set<Duplex>();
const answer = job.kind === 'echo' ? makeAnswer() : undefined;

const server: Server = job.certificate === undefined ? createServer() : createHttpsServer({ ...job.certificate });
server.on('upgrade', ({ headers }, socket: Duplex) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  // The load cuts its connections.
  socket.on('error', () => {});
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  if (answer === undefined) socket.resume();
  else answer(socket);
  if (job.push !== undefined && sockets.size === job.push.clients) startPushing(job.push);
});
server.listen(0, '127.0.0.1', 1024, () => {
  const { port } = server.address() as AddressInfo;
  control({ port, versions: { node: process.versions.node } }, { reset: () => void heap.length });
});

/** Answers whole messages, whose length is known. */
function makeAnswer(): (socket: Duplex) => void {
  const { frameLength: requestLength } = makeRequests(job);
  const replies = makeReplies(job);
  return (socket) => {
    let partial = 0;
    let sent = 0;
    socket.on('data', (chunk: Buffer) => {
      const bytes = partial + chunk.length;
      partial = bytes % requestLength;
      let count = (bytes - partial) / requestLength;
      if (count === 0) return;
      answerLater(() => {
        // A chunk may hold more messages than a cycle has.
        for (; count > 0; ) {
          const some = Math.min(count, replies.count);
          socket.write(replies.slice(sent, some));
          sent += some;
          count -= some;
        }
      });
    });
  };
}

function startPushing({ clients, size, interval }: Push): void {
  const ticking = setInterval(() => {
    if (sockets.size < clients) {
      clearInterval(ticking);
      return;
    }
    const frame = makeFrame(OPCODE_TEXT, Buffer.from(makePushText(size)));
    for (const socket of sockets) socket.write(frame);
  }, interval);
}
