// src/node/socket/link.ts and socket-events.ts: whatever a listener does to its connection, the messages delivered are the
// first ones that were sent, in order and without a gap; where chunks arrive in the same way each time, they are those that
// `ws` delivers.

import { createServer, IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket, WebSocketServerOptions } from '../../../../../src/node/index.js';
import { concat, Peer, stream } from '../../../../support/frames/wire.js';
import { createRandom } from '../../../../support/inputs/random.js';
import { type Api, IMPLEMENTATIONS } from '../../../../support/peers/implementations.js';
import { KEY, requestHead } from '../../../../support/peers/raw-client.js';
import { next } from '../../../../support/servers/servers.js';
import { makeCertificate } from '../../../../support/servers/tls.js';

const peer = new Peer('server');
const [ws, ours] = [IMPLEMENTATIONS[0]![1], IMPLEMENTATIONS[1]![1]];
const certificate = makeCertificate();
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A served connection, and the bytes that its peer sends. */
interface Line {
  readonly webSocket: WebSocket;
  /** The socket that it is on. */
  readonly socket: Duplex;
  send(chunk: Uint8Array): void;
  /** The peer goes. */
  end(): void;
}
type Open = () => Promise<Line>;
type Start = (api: Api, options?: Partial<WebSocketServerOptions>) => Promise<Open>;

const HEADERS: readonly [string, string][] = [
  ['Host', 'localhost'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

const overDuplex: Start = async (api, options = {}) => {
  const server = new api.WebSocketServer({ noServer: true, ...options });
  return () =>
    new Promise((resolve) => {
      const socket = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });
      const request = Object.assign(new IncomingMessage(new Socket()), {
        method: 'GET',
        url: '/',
        httpVersion: '1.1',
        rawHeaders: HEADERS.flat(),
        headers: Object.fromEntries(HEADERS.map(([name, value]) => [name.toLowerCase(), value])),
      });
      server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
        const send = (chunk: Uint8Array) => void socket.push(Buffer.from(chunk));
        resolve({ webSocket, socket, send, end: () => void socket.push(null) });
      });
    });
};

function over(makeServer: () => Server, dial: (port: number) => Socket): Start {
  return async (api, options = {}) => {
    const httpServer = makeServer();
    const server = new api.WebSocketServer({ server: httpServer, ...options });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const { port } = httpServer.address() as AddressInfo;
    onTestFinished(() => void httpServer.close());
    return async () => {
      const connection = next<[WebSocket]>(server, 'connection');
      const client = dial(port);
      client.setNoDelay();
      client.on('error', () => {});
      onTestFinished(() => void client.destroy());
      const answer = next(client, 'data');
      client.write(requestHead(port));
      const [webSocket] = await connection;
      await answer;
      client.resume();
      const send = (chunk: Uint8Array) => void client.write(chunk);
      return { webSocket, socket: webSocket._socket!, send, end: () => void client.end() };
    };
  };
}

const TRANSPORTS: readonly [string, Start][] = [
  ['TCP', over(createServer, (port) => connect(port, '127.0.0.1'))],
  [
    'TLS',
    over(
      () => createHttpsServer({ ...certificate }),
      (port) => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
    ),
  ],
  ['a plain Duplex', overDuplex],
];

/** What a listener does at a message. */
const ACTIONS: Record<string, (webSocket: WebSocket) => void> = {
  terminate: (webSocket) => webSocket.terminate(),
  'pause and terminate': (webSocket) => {
    webSocket.pause();
    webSocket.terminate();
  },
  'terminate and pause': (webSocket) => {
    webSocket.terminate();
    webSocket.pause();
  },
  'destroy the socket': (webSocket) => void webSocket._socket?.destroy(),
  close: (webSocket) => webSocket.close(1000),
  'pause and resume': (webSocket) => {
    webSocket.pause();
    webSocket.resume();
  },
  'pause, and resume later': (webSocket) => {
    webSocket.pause();
    setTimeout(() => webSocket.resume(), 2);
  },
  'pause the socket, and resume it later': ({ _socket: socket }) => {
    socket?.pause();
    setTimeout(() => socket?.resume(), 2);
  },
};
/** Those that depend on the clock, that `ws` does not have, or that break it. */
const OWN_ACTIONS: Record<string, (webSocket: WebSocket) => void> = {
  'pause, and terminate later': (webSocket) => {
    webSocket.pause();
    setTimeout(() => webSocket.terminate(), 2);
  },
  throw: () => {
    throw new Error('from a listener');
  },
  'terminate and throw': (webSocket) => {
    webSocket.terminate();
    throw new Error('from a listener');
  },
  'send more than maxBackpressure': (webSocket) => {
    for (let i = 0; i < 4; i++) webSocket.send(Buffer.alloc(1000));
  },
};
const ENDING = /terminate|destroy|backpressure/i;
const OWN_OPTIONS: Partial<WebSocketServerOptions> = { maxBackpressure: 1000 };

/** A random stream of messages. */
function makeStream(random: () => number) {
  const texts = Array.from({ length: 4 + (random() % 8) }, (_, i) => {
    const length = [0, 10, 100, 1000, 9000][random() % 5]!;
    return `${i} ${'x'.repeat(length)}`;
  });
  const frames = texts.flatMap((text) => {
    const half = random() % text.length;
    const isBinary = random() % 2 === 0;
    if (random() % 3 > 0) return [isBinary ? peer.binary(text) : peer.text(text)];
    const first = text.slice(0, half);
    const start = isBinary ? peer.binary(first, { fin: false }) : peer.text(first, { fin: false });
    return [start, peer.ping('p'), peer.continuation(text.slice(half))];
  });
  const bytes = stream(...frames);
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = 1 + (random() % [20, 300, 12_000][random() % 3]!);
    chunks.push(bytes.slice(from, from + length));
    from += length;
  }
  return { texts, chunks, at: random() % texts.length };
}

/** Enough of a message to tell it from the others, however long it is. */
const nameOf = (text: string) => `${text.slice(0, 8)} ${text.length}`;

/** How the chunks arrive: each in a turn of its own, all in the stream's buffer before the first is read, or as it happens. */
type Arrival = 'apart' | 'buffered' | 'at once';

/** What a connection delivers whose listener does something at one message. */
async function deliver(
  open: Open,
  { chunks, at }: ReturnType<typeof makeStream>,
  arrival: Arrival,
  act: (webSocket: WebSocket) => void,
): Promise<{ messages: string[]; code: number }> {
  const { webSocket, socket, send, end } = await open();
  const messages: string[] = [];
  webSocket.on('error', () => {});
  webSocket.on('message', (data) => {
    messages.push(nameOf(String(data)));
    if (messages.length === at + 1) act(webSocket);
  });
  const closed = next<[number]>(webSocket, 'close');
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (arrival === 'buffered') {
    webSocket.pause();
    if (socket instanceof Socket) {
      // As reads that the socket has made.
      for (const chunk of chunks) socket.push(Buffer.from(chunk));
    } else {
      for (const chunk of chunks) send(chunk);
    }
    expect(socket.readableLength).toBe(length);
    webSocket.resume();
  } else {
    for (const chunk of chunks) {
      const before = socket instanceof Socket ? socket.bytesRead : 0;
      if (socket.destroyed) break;
      send(chunk);
      if (arrival === 'at once') continue;
      while (socket instanceof Socket && socket.bytesRead === before && !socket.destroyed && !socket.isPaused()) {
        await turn();
      }
      for (let i = 0; i < 3; i++) await turn();
    }
  }
  end();
  return { messages, code: (await closed)[0] };
}

/** What listeners throw does not end the test run. */
function takeThrown(): void {
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    if (error.message !== 'from a listener') throw error;
  });
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
}

describe.each(TRANSPORTS)('over %s', (name, start) => {
  test.each(['apart', 'buffered'] as const)('chunks that arrive %s: what ws delivers', async (arrival) => {
    const random = createRandom(17);
    const [openTheirs, openOurs] = [await start(ws), await start(ours)];
    for (const [action, act] of Object.entries(ACTIONS)) {
      for (let round = 0; round < 6; round++) {
        const sent = makeStream(random);
        const theirs = await deliver(openTheirs, sent, arrival, act);
        const mine = await deliver(openOurs, sent, arrival, act);
        expect(mine, `${action}, round ${round}`).toEqual(theirs);
      }
    }
  });

  test.each([
    ['', {}],
    [', read by data events', { directReads: false }],
    [', one delivery a turn', { allowSynchronousEvents: false }],
  ])('chunks that arrive at once%s: the first messages, and all of them unless it is cut', async (_how, options) => {
    takeThrown();
    const random = createRandom(name.length);
    const open = await start(ours, { ...OWN_OPTIONS, ...options });
    for (const [action, act] of Object.entries({ ...ACTIONS, ...OWN_ACTIONS })) {
      for (let round = 0; round < 12; round++) {
        const sent = makeStream(random);
        const { messages } = await deliver(open, sent, 'at once', act);
        const count = ENDING.test(action) ? messages.length : sent.texts.length;
        expect(messages, `${action}, round ${round}`).toEqual(sent.texts.slice(0, count).map(nameOf));
        expect(count).toBeGreaterThan(sent.at);
      }
    }
  });

  test('a connection that is cut for what it holds, or for its pings, delivers nothing behind that', async () => {
    const random = createRandom(5);
    const openHolding = await start(ours, { maxHeldLength: 40_000 });
    const openPinged = await start(ours, { maxPingRate: 3 });
    for (let round = 0; round < 20; round++) {
      const sent = makeStream(random);
      const long = stream(peer.text('l'.repeat(100_000)));
      const parts = [0, 1, 2, 3].map((i) => long.slice(i * 26_000, (i + 1) * 26_000));
      const holding = { ...sent, at: -1, chunks: [...sent.chunks, ...parts, stream(peer.text('never'))] };
      const held = await deliver(openHolding, holding, 'at once', () => {});
      expect(held.messages).toEqual(sent.texts.slice(0, held.messages.length).map(nameOf));
      const pings = concat(...Array.from({ length: 6 }, () => stream(peer.ping('q'))));
      const pinged = { ...sent, at: -1, chunks: [...sent.chunks, pings, stream(peer.text('never'))] };
      const { messages } = await deliver(openPinged, pinged, 'at once', () => {});
      expect(messages).toEqual(sent.texts.slice(0, messages.length).map(nameOf));
    }
  });
});

test('a paused client whose TCP connection is destroyed below TLS delivers what had arrived, once', async () => {
  const httpServer = createHttpsServer({ ...certificate });
  const server = new ours.WebSocketServer({ server: httpServer });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  const long = 'x'.repeat(50_000);
  server.on('connection', (webSocket) => {
    webSocket.on('error', () => {});
    webSocket.send(long);
    webSocket.send('second');
    webSocket.send('never ends', { fin: false });
  });
  const tcp = connect(port, '127.0.0.1');
  const upper = connectTls({ socket: tcp, rejectUnauthorized: false });
  onTestFinished(() => {
    tcp.destroy();
    httpServer.close();
  });
  const client = new ours.WebSocket(`wss://127.0.0.1:${port}`, { createConnection: () => upper });
  const messages: string[] = [];
  client.on('message', (data) => messages.push(nameOf(String(data))));
  client.on('error', (error) => messages.push(String(error)));
  client.on('open', () => client.pause());
  await next(client, 'open');
  await expect.poll(() => upper.readableLength).toBeGreaterThan(50_000);
  const closed = next(client, 'close');
  tcp.destroy();
  await closed;
  for (let i = 0; i < 3; i++) await turn();
  expect(messages).toEqual([nameOf(long), 'second 6']);
});
