// The server under test on Bun: Bun.serve, written as its documentation shows it.

import { delay, makeHeap, makePushText } from '../server/application.js';
import { control } from '../server/control.js';
import { type Push, readServerJob } from '../server/job.js';

interface BunSocket {
  send(message: string | Uint8Array, compress?: boolean): number;
  subscribe(topic: string): void;
  getBufferedAmount(): number;
}

interface BunServer {
  readonly port: number;
  upgrade(request: Request): boolean;
  publish(topic: string, message: string | Uint8Array): number;
}

declare const Bun: {
  readonly version: string;
  serve(options: object): BunServer;
};

const TOPIC = 'all';

const job = readServerJob(process.argv[2]);
const heap = makeHeap(job.heapObjects);
const answerLater = delay(job.reply);
const isCompressed = job.compression !== 'off';
const sockets = new Set<BunSocket>();

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  ...(job.certificate === undefined ? {} : { tls: job.certificate }),
  fetch(request: Request, bun: BunServer) {
    return bun.upgrade(request) ? undefined : new Response('This is a WebSocket server.');
  },
  websocket: {
    maxPayloadLength: 128 * 1024 * 1024,
    // Bun closes a connection that has more than this pending.
    backpressureLimit: 128 * 1024 * 1024,
    perMessageDeflate: deflateOption(),
    open(socket: BunSocket) {
      sockets.add(socket);
      if (job.push?.how === 'broadcast') socket.subscribe(TOPIC);
      if (job.push !== undefined && sockets.size === job.push.clients) startPushing(job.push);
    },
    close(socket: BunSocket) {
      sockets.delete(socket);
    },
    message(socket: BunSocket, message: string | Uint8Array) {
      answerLater(() => void socket.send(message, isCompressed));
    },
  },
});
control(
  { port: server.port, versions: { bun: Bun.version } },
  {
    reset: () => void heap.length,
    sendToAll: () => {
      const message = 'x'.repeat(100);
      for (const socket of sockets) socket.send(message);
    },
  },
);

/** `shared` has no takeover; a compressor of 32 KiB for each connection has. */
function deflateOption(): boolean | object {
  if (job.compression === 'off') return false;
  return job.compression === 'takeover'
    ? { compress: 'dedicated', decompress: 'dedicated' }
    : { compress: 'shared', decompress: 'shared' };
}

function startPushing({ clients, size, interval, how, skipAbove = Number.POSITIVE_INFINITY }: Push): void {
  const ticking = setInterval(() => {
    if (sockets.size < clients) {
      clearInterval(ticking);
      return;
    }
    const message = makePushText(size);
    if (how === 'broadcast') server.publish(TOPIC, message);
    else for (const socket of sockets) if (socket.getBufferedAmount() <= skipAbove) socket.send(message);
  }, interval);
}
