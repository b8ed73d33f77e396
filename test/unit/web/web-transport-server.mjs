// A WebTransport server in Deno: each bidirectional stream of a session is a WebSocket, and its path says what is done with it.
// Arguments: the files of a certificate and of its key. Prints its port, then how each WebSocket was closed, as JSON.

import { PerMessageDeflate } from '../../../build/src/deflate/index.js';
import { acceptWebSocket } from '../../../build/src/web/index.js';

const { Deno } = globalThis;
const [cert, key] = Deno.args.map((file) => Deno.readTextFileSync(file));
const OPTIONS = {
  protocols: ['test'],
  perMessageDeflate: new PerMessageDeflate(),
  // A page is of another origin than this server.
  origin: 'any',
  // Deno ends no stream before its garbage is collected (denoland/deno#36822): this side does not wait longer for that.
  closeTimeout: 5000,
};

const endpoint = new Deno.QuicEndpoint({ hostname: '127.0.0.1', port: 0 });
const listener = endpoint.listen({ cert, key, alpnProtocols: ['h3'] });
console.log(endpoint.addr.port);
for await (const incoming of listener) void serveSession(incoming);

async function serveSession(incoming) {
  const transport = await Deno.upgradeWebTransport(await incoming.accept());
  await transport.ready;
  transport.closed.catch(() => {});
  const { promise: mayRead, resolve: letRead } = Promise.withResolvers();
  const session = { mayRead, letRead, flooded: 0 };
  try {
    for await (const streams of transport.incomingBidirectionalStreams) void serveStream(streams, session);
  } catch {
    // The session is over.
  }
}

async function serveStream(streams, session) {
  const socket = acceptWebSocket(streams, OPTIONS);
  const { request, readable, writable } = await socket.opened;
  const { path } = request;
  serve(path, readable, writable, socket, session).catch(() => {});
  const outcome = await socket.closed.catch(({ code }) => ({ code }));
  console.log(JSON.stringify({ path, ...outcome }));
}

async function serve(path, readable, writable, socket, session) {
  if (path === '/echo') return readable.pipeTo(writable);
  const writer = writable.getWriter();
  if (path === '/flood') {
    const [length, times] = JSON.parse((await readable.getReader().read()).value);
    for (; session.flooded < times; session.flooded++) await writer.write(new Uint8Array(length));
    return;
  }
  if (path === '/slow') await session.mayRead;
  let received = 0;
  for await (const message of readable) {
    received += message.length;
    if (path === '/slow' && message === 'end') await writer.write(String(received));
    if (path === '/close') socket.close({ closeCode: 4001, reason: message });
    if (path === '/control') {
      if (message === 'read') session.letRead();
      await writer.write(String(session.flooded));
    }
  }
}
