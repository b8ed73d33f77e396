// An echo server on the raw TCP sockets of Deno:
// `deno run --allow-net=127.0.0.1 --allow-env=PORT deno-server.mjs`, then connect to ws://localhost:8080.

import { PerMessageDeflate } from 'wsimd/deflate';
import { acceptWebSocket } from 'wsimd/web';

// One for all connections, which share its memory.
const perMessageDeflate = new PerMessageDeflate();

const listener = Deno.listen({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 8080) });
console.log(`listening on ws://127.0.0.1:${listener.addr.port}`);

for await (const connection of listener) serve(connection);

async function serve(connection) {
  const socket = acceptWebSocket(connection, { perMessageDeflate });
  try {
    const { readable, writable } = await socket.opened;
    // Messages come no faster than they leave. How it ended says `closed`.
    readable.pipeTo(writable).catch(() => {});
    const { closeCode, reason } = await socket.closed;
    console.log('closed', closeCode, reason);
  } catch (error) {
    console.log(error.code, error.message);
  }
}
