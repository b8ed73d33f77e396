// An echo server on the raw TCP sockets of Bun: `bun bun-server.mjs`, then connect to ws://localhost:8080. It shows
// the bare connection under somebody else's callbacks: bytes in, messages out, bytes to send.

import { Connection } from 'wsimd';
import {
  checkRequest,
  encodeLatin1,
  HeadReader,
  parseRequestHead,
  rejectRequest,
  writeRejection,
  writeResponse,
} from 'wsimd/handshake';

class EchoClient {
  #socket;
  #headReader = new HeadReader();
  #connection;
  /** What the system has not taken yet. */
  #unsent = new Uint8Array(0);
  #isPaused = false;
  #isRefused = false;

  constructor(socket) {
    this.#socket = socket;
  }

  receive(chunk) {
    if (this.#isRefused) return;
    if (this.#connection === undefined) this.#receiveHead(chunk);
    else this.#connection.dispatch(chunk, this);
    this.flush();
  }

  #receiveHead(chunk) {
    let verdict;
    let rest;
    try {
      const received = this.#headReader.push(chunk);
      if (received === undefined) return;
      ({ rest } = received);
      verdict = checkRequest(parseRequestHead(received.head));
    } catch (error) {
      verdict = rejectRequest(error);
    }
    if (!verdict.ok) {
      this.#isRefused = true;
      this.#socket.end(encodeLatin1(writeRejection(verdict)));
      return;
    }
    this.#unsent = encodeLatin1(writeResponse(verdict));
    this.#connection = new Connection({ role: 'server' });
    this.#connection.dispatch(rest, this);
  }

  /** Writes what there is; what the system does not take waits, and so does the client. */
  flush() {
    const connection = this.#connection;
    if (connection === undefined) return;
    for (;;) {
      if (this.#unsent.length === 0 && connection.outgoingLength > 0) this.#unsent = connection.takeOutgoing();
      if (this.#unsent.length === 0) break;
      // Negative once the socket has gone.
      const written = Math.max(this.#socket.write(this.#unsent), 0);
      this.#unsent = this.#unsent.subarray(written);
      if (this.#unsent.length > 0) {
        if (!this.#isPaused) this.#socket.pause();
        this.#isPaused = true;
        return;
      }
    }
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
    if (connection.state === 'closed') this.#socket.end();
  }

  /** The client has gone; an error if it did so without a Close frame. */
  end() {
    const error = this.#connection?.receiveEnd();
    if (error !== undefined) console.log(error.code, error.message);
  }

  // What a connection calls, in the order of the stream. It answers pings and Closes itself.
  onText(text) {
    this.#connection.sendText(text);
  }
  onBinary(data) {
    this.#connection.sendBinary(data);
  }
  onPing() {}
  onPong() {}
  onClose(closeCode, reason) {
    console.log('closed', closeCode, reason);
  }
  onError(error) {
    console.log(error.code, error.message);
  }
}

const { port } = Bun.listen({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT ?? 8080),
  socket: {
    open(socket) {
      socket.data = new EchoClient(socket);
    },
    data(socket, chunk) {
      socket.data.receive(chunk);
    },
    drain(socket) {
      socket.data.flush();
    },
    close(socket) {
      socket.data.end();
    },
    error(_, error) {
      console.log(error.code, error.message);
    },
  },
});
console.log(`listening on ws://127.0.0.1:${port}`);
