// The server under test on Deno: Deno.serve with upgradeWebSocket, written as its documentation shows it.

import { delay, makeHeap, makePushText } from '../server/application.js';
import { control } from '../server/control.js';
import { type Push, readServerJob } from '../server/job.js';

interface DenoSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: () => void;
  onclose: () => void;
  onerror: () => void;
  onmessage: (event: { readonly data: string | ArrayBuffer }) => void;
  send(data: string | ArrayBuffer): void;
}

interface DenoServer {
  readonly addr: { readonly port: number };
}

declare const Deno: {
  readonly version: { readonly deno: string };
  serve(options: object, handler: (request: Request) => Response): DenoServer;
  upgradeWebSocket(
    request: Request,
    options: { readonly idleTimeout: number },
  ): { readonly socket: DenoSocket; readonly response: Response };
};

const OPEN = 1;

const job = readServerJob(process.argv[2]);
const heap = makeHeap(job.heapObjects);
const answerLater = delay(job.reply);
const sockets = new Set<DenoSocket>();

const server = Deno.serve(
  { port: 0, hostname: '127.0.0.1', onListen: () => {}, ...job.certificate },
  (request: Request) => {
    // Without its pings, which nothing answers here.
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      sockets.add(socket);
      if (job.push !== undefined && sockets.size === job.push.clients) startPushing(job.push);
    };
    socket.onclose = () => sockets.delete(socket);
    // The load cuts its connections.
    socket.onerror = () => {};
    socket.onmessage = ({ data }) =>
      answerLater(() => {
        if (socket.readyState === OPEN) socket.send(data);
      });
    return response;
  },
);
control(
  { port: server.addr.port, versions: { deno: Deno.version.deno } },
  {
    reset: () => void heap.length,
    sendToAll: () => {
      const message = 'x'.repeat(100);
      for (const socket of sockets) socket.send(message);
    },
  },
);

function startPushing({ clients, size, interval, skipAbove = Number.POSITIVE_INFINITY }: Push): void {
  const ticking = setInterval(() => {
    if (sockets.size < clients) {
      clearInterval(ticking);
      return;
    }
    const message = makePushText(size);
    for (const socket of sockets) {
      if (socket.readyState === OPEN && socket.bufferedAmount <= skipAbove) socket.send(message);
    }
  }, interval);
}
