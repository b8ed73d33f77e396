// Bytes handed to `send` are the caller's again when it returns: every way to send, for every reason to send later, with every
// kind of bytes. The caller overwrites them at once, as a program does that reuses its buffers.

import { connect as connectSocket, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { broadcast, PreparedMessage, type WebSocket } from '../../../../../src/node/index.js';
import { IMPLEMENTATIONS, listen, openPair } from '../../../../support/peers/implementations.js';
import { next } from '../../../../support/servers/servers.js';

const [[, ws], [, ours]] = IMPLEMENTATIONS as [(typeof IMPLEMENTATIONS)[0], (typeof IMPLEMENTATIONS)[0]];

/** Short, and as long as a server copies: longer ones are borrowed until the callback, as the documentation says. */
const LENGTHS = [20, 3000, 120 * 1024];
const DEFLATE = { perMessageDeflate: { threshold: 0 } };

type Bytes = ArrayBuffer | Buffer | Uint8Array | DataView;

/** Bytes of each kind, and how its owner overwrites them. */
const KINDS: readonly [string, (length: number, fill: number) => Bytes][] = [
  ['a Buffer', (length, fill) => Buffer.alloc(length, fill)],
  ['a Buffer from the pool', (length, fill) => Buffer.allocUnsafe(length).fill(fill)],
  ['a Uint8Array', (length, fill) => new Uint8Array(length).fill(fill)],
  ['a DataView', (length, fill) => new DataView(new Uint8Array(length + 8).fill(fill).buffer, 4, length)],
  ['an ArrayBuffer', (length, fill) => new Uint8Array(length).fill(fill).buffer],
];

function overwrite(bytes: Bytes): void {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  view.fill(0xee);
}

/** Each sends one message and takes its bytes back at once. */
const WAYS: readonly [string, (sender: WebSocket, bytes: Bytes) => void][] = [
  ['send', (sender, bytes) => sender.send(bytes)],
  ['send without compression', (sender, bytes) => sender.send(bytes, { compress: false })],
  [
    'fragments',
    (sender, bytes) => {
      sender.send(bytes, { fin: false });
      sender.send('', { fin: true });
    },
  ],
  ['broadcast', (sender, bytes) => void broadcast([sender], bytes)],
  [
    'sendPrepared',
    (sender, bytes) => {
      if (bytes instanceof Uint8Array) sender.sendPrepared(new PreparedMessage(bytes));
      else sender.send(bytes);
    },
  ],
];

/** Each holds back what is sent after it, and returns how that is let go. */
const DELAYS: readonly [string, (sender: WebSocket) => () => void][] = [
  ['to the end of the turn', () => () => {}],
  [
    'behind a message that is compressed in slices',
    (sender) => {
      sender.send(Buffer.alloc(300 * 1024, 'a slice of a long message '));
      return () => {};
    },
  ],
  [
    'behind a Blob',
    (sender) => {
      sender.send(new Blob(['of a Blob']));
      return () => {};
    },
  ],
  [
    'by a cork',
    (sender) => {
      sender.cork();
      return () => sender.uncork();
    },
  ],
  [
    'by a socket that takes nothing',
    (sender) => {
      // As much as fills every buffer on the way to a peer that does not read.
      for (let i = 0; i < 40; i++) sender.send(Buffer.alloc(100 * 1024, 'filling '), { compress: false });
      return () => {};
    },
  ],
];

const ROLES: readonly [string, 'client' | 'served'][] = [
  ['our server', 'served'],
  ['our client', 'client'],
];

describe.each(ROLES)('%s', (_role, side) => {
  describe.each(DELAYS)('delayed %s', (_delay, delay) => {
    test.each(WAYS)('%s: the peer gets what the bytes were', async (_way, send) => {
      const pair = side === 'served' ? { server: ours, client: ws } : { server: ws, client: ours };
      const { client, served } = await openPair(pair, DEFLATE, DEFLATE);
      const [sender, receiver] = side === 'served' ? [served, client] : [client, served];
      const received: string[] = [];
      receiver.on('message', (data) => received.push(summaryOf(data as Buffer)));
      receiver.pause();

      const letGo = delay(sender);
      const expected: string[] = [];
      let fill = 1;
      for (const length of LENGTHS) {
        for (const [, make] of KINDS) {
          const bytes = make(length, fill);
          expected.push(`${length} × ${fill}`);
          send(sender, bytes);
          overwrite(bytes);
          fill++;
        }
      }
      letGo();
      receiver.resume();
      await expect.poll(() => received.length).toBeGreaterThanOrEqual(expected.length);
      await expect.poll(() => received.slice(-expected.length)).toEqual(expected);
    });
  });

  test.each(DELAYS)('pings and pongs delayed %s carry what their bytes were', async (_delay, delay) => {
    const pair = side === 'served' ? { server: ours, client: ws } : { server: ws, client: ours };
    const { client, served } = await openPair(pair, DEFLATE, DEFLATE);
    const [sender, receiver] = side === 'served' ? [served, client] : [client, served];
    const received: string[] = [];
    receiver.on('ping', (data) => received.push(`ping ${summaryOf(data)}`));
    receiver.on('pong', (data) => received.push(`pong ${summaryOf(data)}`));
    const letGo = delay(sender);
    for (const type of ['ping', 'pong'] as const) {
      const bytes = Buffer.alloc(50, type === 'ping' ? 1 : 2);
      sender[type](bytes);
      overwrite(bytes);
    }
    letGo();
    await expect.poll(() => received).toEqual(['ping 50 × 1', 'pong 50 × 2']);
  });
});

/** Its length and the one byte that it repeats, or that it does not. */
function summaryOf(data: Buffer): string {
  const isUniform = data.every((byte) => byte === data[0]);
  return `${data.length} × ${isUniform ? data[0] : 'mixed'}`;
}

/** A socket with what Node's own `write` goes through, down to its handle. */
type Internals = Socket & {
  _writeGeneric(isMany: boolean, data: Buffer, encoding: string, done: () => void): void;
  _handle: { writeBuffer(request: object, data: Buffer): number };
};

/** Each has the stream say that it has taken the bytes, and still holds them for 20 ms. */
const TAPS: readonly [string, (socket: Internals) => void][] = [
  [
    'write',
    (socket) => {
      const write = socket.write.bind(socket);
      socket.write = ((chunk: Buffer, done?: () => void) => {
        setTimeout(() => write(chunk), 20);
        if (typeof done === 'function') process.nextTick(done);
        return true;
      }) as typeof socket.write;
    },
  ],
  [
    '_write',
    (socket) => {
      const write = socket._write.bind(socket);
      socket._write = (chunk: Buffer, encoding, done) => {
        setTimeout(() => write(chunk, encoding, () => {}), 20);
        done();
      };
    },
  ],
  [
    '_writeGeneric',
    (socket) => {
      const write = socket._writeGeneric.bind(socket);
      socket._writeGeneric = (isMany, data, encoding, done) => {
        setTimeout(() => write(isMany, data, encoding, () => {}), 20);
        done();
      };
    },
  ],
];

test.each(TAPS)('a socket whose %s forwards later gets each frame as it was', async (_name, tap) => {
  const { server, port } = await listen(ours);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new ws.WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const received: string[] = [];
  client.on('message', (data) => received.push(String(data)));
  const [served] = await connection;
  tap(served._socket as Internals);
  for (const text of ['first!', 'second', 'third!']) {
    served.send(text);
    await new Promise(setImmediate);
  }
  await expect.poll(() => received).toEqual(['first!', 'second', 'third!']);
});

test('a socket whose handle holds what it is given gets each frame as it was', async () => {
  const { server, port } = await listen(ours);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new ws.WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const [served] = await connection;
  const { _handle: handle } = served._socket as Internals;
  const given: Buffer[] = [];
  const { writeBuffer } = handle;
  handle.writeBuffer = (request, data) => {
    given.push(data);
    return writeBuffer.call(handle, request, data);
  };
  for (const text of ['first!', 'second', 'third!']) {
    served.send(text);
    await new Promise(setImmediate);
  }
  expect(given.map((data) => data.toString('latin1', 2))).toEqual(['first!', 'second', 'third!']);
});

test.each([128 * 1024, 1024 * 1024])(
  'a server that sends %i bytes to a slow peer gives them back at once',
  async (length) => {
    const { client, served } = await openPair({ server: ours, client: ws });
    client.pause();
    // As much as fills every buffer on the way.
    for (let i = 0; i < 100; i++) served.send(Buffer.alloc(100 * 1024));
    const received: string[] = [];
    client.on('message', (data) => received.push(summaryOf(data as Buffer)));
    await expect.poll(() => served._socket!.writableLength).toBeGreaterThan(0);
    for (let fill = 1; fill <= 3; fill++) {
      const bytes = Buffer.alloc(length, fill);
      served.send(bytes);
      overwrite(bytes);
    }
    client.resume();
    await expect.poll(() => received.slice(-3)).toEqual([1, 2, 3].map((fill) => `${length} × ${fill}`));
  },
);

test('a server whose clients read nothing holds slabs of the length of what is pending', async () => {
  const { server, port } = await listen(ours);
  const peer = createTcpServer();
  onTestFinished(() => void peer.close());
  const sockets: Socket[] = [];
  const served: WebSocket[] = [];
  server.on('connection', (webSocket) => served.push(webSocket));
  const count = 200;
  for (let i = 0; i < count; i++) {
    const socket = connectSocket(port, '127.0.0.1');
    sockets.push(socket);
    socket.write(
      'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  }
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await expect.poll(() => served.length).toBe(count);
  const before = process.memoryUsage().arrayBuffers;
  for (const webSocket of served) webSocket.cork();
  for (const webSocket of served) webSocket.send(Buffer.alloc(100));
  const held = process.memoryUsage().arrayBuffers - before;
  for (const webSocket of served) webSocket.uncork();
  expect(held / count).toBeLessThan(2048);
});
