// A recorder: passes the bytes of connections on untouched, and writes down what both ends say, one JSON object a line:
// `node recorder.mjs ws://127.0.0.1:8080 > said.jsonl`, then connect to ws://localhost:8082. What it decodes is
// bytes alone, so `Recording` works on bytes from files just as well.

import { connect, createServer } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MessageDecoder, ProtocolError } from 'wsimd';
import { PerMessageDeflate } from 'wsimd/deflate';
import { checkRequest, HeadReader, parseExtensions, parseRequestHead, parseResponseHead } from 'wsimd/handshake';

const target = new URL(process.argv[2] ?? 'ws://127.0.0.1:8080');
const perMessageDeflate = new PerMessageDeflate();

/** What both ends of one connection say, from the bytes of each. Whatever they hold, it does not throw. */
class Recording {
  #write;
  #requestReader = new HeadReader();
  #responseReader = new HeadReader();
  #request;
  #compressions = [];
  /** Frames that came before the answer to the handshake; a client that keeps to the rules sends none. */
  #early = [];
  #fromClient;
  #fromServer;
  #isOver = false;

  /** @param write takes what happened, an object at a time */
  constructor(write) {
    this.#write = write;
  }

  client(bytes) {
    this.#guard(() => {
      if (this.#fromClient !== undefined) this.#fromClient(bytes);
      else if (this.#request !== undefined) this.#early.push(bytes);
      else this.#readRequest(bytes);
    });
  }

  server(bytes) {
    this.#guard(() => {
      if (this.#fromServer !== undefined) this.#fromServer(bytes);
      else this.#readResponse(bytes);
    });
  }

  end() {
    this.#isOver = true;
    // What was remembered of earlier messages, for the sake of later ones.
    for (const compression of this.#compressions) compression?.release();
    this.#compressions = [];
  }

  #readRequest(bytes) {
    const received = this.#requestReader.push(bytes);
    if (received === undefined) return;
    const verdict = checkRequest(parseRequestHead(received.head), { origin: 'any' });
    if (!verdict.ok) throw verdict.error;
    this.#request = verdict;
    this.#write({ from: 'client', type: 'request', path: verdict.path, protocols: verdict.protocols });
    if (received.rest.length > 0) this.#early.push(received.rest);
  }

  #readResponse(bytes) {
    const received = this.#responseReader.push(bytes);
    if (received === undefined) return;
    const { status, headers } = parseResponseHead(received.head);
    this.#write({ from: 'server', type: 'response', status, protocol: headers.get('sec-websocket-protocol') });
    // An interim response is followed by another one.
    if (status > 101 || this.#request === undefined) this.end();
    else if (status < 101) this.server(received.rest);
    else this.#begin(headers.get('sec-websocket-extensions'), received.rest);
  }

  /** From here on there are frames. Each direction has its own window; what a server inflates is what a client deflates. */
  #begin(extensions = '', rest) {
    const accepted = parseExtensions(extensions);
    const [ofClient, ofServer] = [
      perMessageDeflate.forServer(accepted),
      perMessageDeflate.forClient(accepted, this.#request.offers),
    ];
    this.#compressions = [ofClient, ofServer];
    this.#fromClient = this.#decode('client', ofClient);
    this.#fromServer = this.#decode('server', ofServer);
    for (const bytes of this.#early) this.#fromClient(bytes);
    this.#early = [];
    this.#fromServer(rest);
  }

  #decode(from, compression) {
    // The decoder has the role of the receiving end. It may not write to the bytes: they are still to be sent.
    const role = from === 'client' ? 'server' : 'client';
    const decoder = new MessageDecoder({ role, ownsChunks: false }, compression);
    const write = (entry) => this.#write({ from, ...entry });
    const handler = {
      onText: (text) => write({ type: 'text', text }),
      onBinary: (data) => write({ type: 'binary', base64: Buffer.from(data).toString('base64') }),
      onPing: (payload) => write({ type: 'ping', base64: Buffer.from(payload).toString('base64') }),
      onPong: (payload) => write({ type: 'pong', base64: Buffer.from(payload).toString('base64') }),
      onClose: (closeCode, reason) => write({ type: 'close', closeCode, reason }),
      // Nothing more is decoded in this direction; what the two do about it is seen in the other one.
      onError: ({ code, closeCode, message }) => write({ type: 'error', code, closeCode, message }),
    };
    return (bytes) => decoder.dispatch(bytes, handler);
  }

  /** A handshake that is none ends the recording, not the connection. */
  #guard(read) {
    if (this.#isOver) return;
    try {
      read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#write({ type: 'error', code: error.code, message: error.message });
      this.end();
    }
  }
}

/** A stream that shows the bytes that pass through it; a slow end slows the other one down. */
function tap(show) {
  return new Transform({
    transform(bytes, _encoding, done) {
      show(bytes);
      done(null, bytes);
    },
  });
}

let connections = 0;
const server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
  const connection = ++connections;
  const write = (entry) => process.stdout.write(`${JSON.stringify({ connection, time: Date.now(), ...entry })}\n`);
  const recording = new Recording(write);
  const upstream = connect({
    host: target.hostname.replace(/^\[|\]$/g, ''),
    port: Number(target.port || 80),
    allowHalfOpen: true,
    noDelay: true,
  });
  const up = tap((bytes) => recording.client(bytes));
  const down = tap((bytes) => recording.server(bytes));
  try {
    await Promise.all([pipeline(client, up, upstream), pipeline(upstream, down, client)]);
    write({ type: 'end' });
  } catch (error) {
    write({ type: 'end', error: error.message });
  }
  recording.end();
});
server.listen(Number(process.env.PORT ?? 8082), '127.0.0.1', () =>
  console.error(`listening on ws://127.0.0.1:${server.address().port}`),
);
