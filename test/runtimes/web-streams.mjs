// wsimd/web on every runtime, without a test runner: over the runtime's own TCP sockets where it has them, and over streams
// in memory. Prints one line, or throws.

import { acceptWebSocket, connectWebSocket } from '../../build/src/web/index.js';

const { Deno, Bun, process } = globalThis;

function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

function memoryStreams() {
  const [up, down] = [new TransformStream(), new TransformStream()];
  return [
    { readable: down.readable, writable: up.writable },
    { readable: up.readable, writable: down.writable },
  ];
}

/** Both ends of a TCP connection over loopback. */
async function tcpStreams() {
  if (Deno) {
    const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 });
    const ends = await Promise.all([
      Deno.connect({ hostname: '127.0.0.1', port: listener.addr.port }),
      listener.accept(),
    ]);
    listener.close();
    return ends;
  }
  const [{ connect, createServer }, { once }, { Duplex }] = await Promise.all([
    import('node:net'),
    import('node:events'),
    import('node:stream'),
  ]);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const socket = connect(server.address().port, '127.0.0.1');
  const [other] = await accepted;
  server.close();
  return [Duplex.toWeb(socket), Duplex.toWeb(other)];
}

const echo = (message, socket) => socket.send(message);

/** @param onMessage the server's listener, if it has one */
async function converse([near, far], what, onMessage) {
  const server = acceptWebSocket(far, { protocols: ['echo'], onMessage });
  const client = connectWebSocket(near, { url: 'ws://localhost/path?x=1', protocols: ['echo'] });
  const [{ request, ...ours }, theirs] = await Promise.all([server.opened, client.opened]);
  equal([request.path, ours.protocol, theirs.protocol], ['/path?x=1', 'echo', 'echo'], `${what}: handshake`);
  if (onMessage === undefined) ours.readable.pipeTo(ours.writable).catch(() => {});
  const writer = theirs.writable.getWriter();
  const reader = theirs.readable.getReader();
  for (const message of ['', 'é漢🎉', 'x'.repeat(200_000), new Uint8Array(300_000).fill(7)]) {
    void writer.write(message);
    const { value } = await reader.read();
    const isSame = typeof message === 'string' ? value === message : value.every((byte) => byte === 7);
    equal([isSame, value.length], [true, message.length], `${what}: echo`);
  }
  client.close({ closeCode: 4000, reason: 'bye' });
  equal((await reader.read()).done, true, `${what}: end of messages`);
  const info = { closeCode: 4000, reason: 'bye' };
  equal(await Promise.all([client.closed, server.closed]), [info, info], `${what}: closed`);
}

/** A listener that fails, once it has answered. */
async function failListening([near, far], what) {
  const mine = new Error('mine');
  const server = acceptWebSocket(far, {
    onMessage: async (message, socket) => {
      await socket.send(message);
      throw mine;
    },
  });
  const messages = [];
  const client = connectWebSocket(near, {
    url: 'ws://localhost/',
    onMessage: (message) => messages.push(message),
  });
  await client.opened;
  client.send('hello');
  const error = await server.closed.catch((cause) => cause);
  equal([error === mine, (await client.closed).closeCode, messages], [true, 1011, ['hello']], `${what}: failure`);
}

/** A peer that goes while its messages are not read: its end is found, if not behind them, after a time. */
async function leaveUnread([near, far], length, what) {
  const server = acceptWebSocket(far, { highWaterMark: 10, unreadTimeout: 4000, closeTimeout: 100 });
  const client = connectWebSocket(near, { url: 'ws://localhost/', closeTimeout: 100 });
  const [, { writable }] = await Promise.all([server.opened, client.opened]);
  const writer = writable.getWriter();
  const message = new Uint8Array(10_000);
  for (let left = length; left > 0; left -= message.length) writer.write(message).catch(() => {});
  // Our Close is behind the messages, and the transport is cut before it can be answered.
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.close();
  const began = performance.now();
  const code = await server.closed.then(
    () => 'closed',
    (error) => error.code,
  );
  equal(code, length > 1_000_000 ? 'WSIMD_UNREAD' : 'closed', `${what}: ${length} bytes unread`);
  equal(performance.now() - began < 10_000, true, `${what}: ${length} bytes unread, in time`);
}

await converse(memoryStreams(), 'memory');
await converse(memoryStreams(), 'memory, to a listener', echo);
for (const length of [60_000, 300_000, 10_000_000]) await leaveUnread(await tcpStreams(), length, 'TCP');
await converse(await tcpStreams(), 'TCP');
await converse(await tcpStreams(), 'TCP, to a listener', echo);
await failListening(await tcpStreams(), 'TCP');
// Of a socket that has both, its methods are used; here its streams.
if (Deno) {
  const ends = await tcpStreams();
  await converse(
    ends.map(({ readable, writable }) => ({ readable, writable })),
    'TCP, as streams',
  );
}
const runtime = Deno ? `Deno ${Deno.version.deno}` : Bun ? `Bun ${Bun.version}` : `Node ${process.version}`;
console.log(`${runtime}: wsimd/web passes over streams in memory and over TCP`);
