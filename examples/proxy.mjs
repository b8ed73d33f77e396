// A proxy that looks at every frame and passes it on as it is: `node proxy.mjs ws://127.0.0.1:8080`, then connect to
// ws://localhost:8081. Messages are not joined: fragments stay fragments, compressed payloads stay compressed, a ping passes
// between two fragments. Frames that a client masked are masked again with a key of ours.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FrameDecoder, FrameEncoder, OPCODE_CLOSE } from 'wsimd';
import { HeadReader, parseRequestHead, parseResponseHead, rejectRequest, writeRejection } from 'wsimd/handshake';

const target = new URL(process.argv[2] ?? 'ws://127.0.0.1:8080');
/** Frames are held until they are whole. */
const MAX_FRAME_LENGTH = 16 * 1024 * 1024;
/** Milliseconds for the other end, once one has ended. */
const GRACE = 10_000;
/** What an end is told whose peer broke a rule (RFC 6455 section 7.4, and the registry behind it). */
const GOING_AWAY = 1001;
const BAD_GATEWAY = 1014;

/** One direction: bytes of one end in, bytes for the other out. A stream, so that a slow end slows the other one down. */
class FrameRelay extends Transform {
  #decoder;
  #encoder;
  #hasClosed = false;
  #hasEnded = false;

  /** @param sender whose frames these are: 'client' or 'server' */
  constructor(sender, allowRsv1) {
    super();
    // The decoder has the role of the receiving end, and checks what that end would check.
    const role = sender === 'client' ? 'server' : 'client';
    this.#decoder = new FrameDecoder({
      role,
      allowRsv1,
      maxFrameLength: MAX_FRAME_LENGTH,
      maxMessageLength: Number.MAX_SAFE_INTEGER,
    });
    this.#encoder = new FrameEncoder({ role: sender });
  }

  _transform(chunk, _encoding, done) {
    const { frames, error } = this.#decoder.decodeFrames(chunk);
    for (const { opcode, fin, rsv1, payload } of frames) {
      if (this.#hasEnded) break;
      if (opcode === OPCODE_CLOSE) this.#hasClosed = true;
      this.push(this.#encoder.encode(opcode, payload, { fin, rsv1 }));
    }
    if (error !== undefined) this.emit('broken', error);
    done();
  }

  /** Ends what this direction says with a Close frame, unless it has had one. Between two frames is always room for it. */
  close(closeCode) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (!this.#hasClosed) this.push(this.#encoder.encodeClose(closeCode));
    this.push(null);
  }
}

/** The next head of a socket; what stands behind it is left in the socket. */
async function readHead(socket) {
  const reader = new HeadReader();
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const received = reader.push(chunk);
    if (received === undefined) continue;
    if (received.rest.length > 0) socket.unshift(received.rest);
    return received.head;
  }
  throw new Error('the connection ended inside a head');
}

async function relay(client, upstream) {
  // Heads go through as they are: what the two agree on is their affair. One that is malformed is refused here.
  const request = await readHead(client);
  try {
    parseRequestHead(request);
  } catch (error) {
    client.end(writeRejection(rejectRequest(error)), 'latin1');
    upstream.destroy();
    return;
  }
  upstream.write(request);
  const head = await readHead(upstream);
  const { status, headers } = parseResponseHead(head);
  client.write(head);
  if (status !== 101) {
    upstream.pipe(client);
    return;
  }
  const allowRsv1 = headers.get('sec-websocket-extensions')?.includes('permessage-deflate') ?? false;
  const up = new FrameRelay('client', allowRsv1);
  const down = new FrameRelay('server', allowRsv1);
  // The side that broke a rule gets its close code. The other side gets a code that does not blame it.
  up.on('broken', (error) => {
    console.log('client:', error.code, error.message);
    down.close(error.closeCode);
    up.close(GOING_AWAY);
  });
  down.on('broken', (error) => {
    console.log('server:', error.code, error.message);
    up.close(error.closeCode);
    down.close(BAD_GATEWAY);
  });
  await Promise.all([pipeline(client, up, upstream), pipeline(upstream, down, client)]);
}

// Each direction of TCP ends by itself: a Close frame may still be on its way back.
const server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
  const upstream = connect({
    host: target.hostname.replace(/^\[|\]$/g, ''),
    port: Number(target.port || 80),
    allowHalfOpen: true,
    noDelay: true,
  });
  const end = (error) => {
    if (error !== undefined) console.log(error.code ?? '', error.message);
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.on('end', () => setTimeout(end, GRACE).unref());
  client.on('error', end);
  try {
    await once(upstream, 'connect');
  } catch (error) {
    console.log(error.code, error.message);
    client.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    client.resume();
    return;
  }
  upstream.on('error', end);
  await relay(client, upstream).catch(end);
});
server.listen(Number(process.env.PORT ?? 8081), '127.0.0.1', () =>
  console.log(`listening on ws://127.0.0.1:${server.address().port}`),
);
