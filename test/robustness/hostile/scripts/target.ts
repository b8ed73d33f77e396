// What a hostile script has to work with: raw connections to one server, and ways to end them badly.

import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { requestHead } from '../../../support/peers/raw-client.js';
import type { Configuration } from '../victims/configurations.js';

/** Milliseconds in which a server must do what it has to: long, as the machine may be busy. */
const PATIENCE = 20_000;
const EXTENSION = 'permessage-deflate; client_max_window_bits';
export const OFFER = `Sec-WebSocket-Extensions: ${EXTENSION}`;

/** One connection of bytes: a TCP or TLS connection, or a stream of HTTP/2. */
export class Wire {
  readonly #upper: Duplex;
  readonly #reset: () => void;
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake: () => void = () => {};

  /** @param reset a RST, or RST_STREAM; the wire is destroyed behind it */
  constructor(upper: Duplex, reset: () => void) {
    this.#upper = upper;
    this.#reset = reset;
    upper.on('error', () => {});
    upper.on('close', () => this.#over());
    this.#upper.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.#upper.on('end', () => this.#over());
  }

  #over(): void {
    this.#isOver = true;
    this.#wake();
  }

  get received(): Buffer {
    return this.#received;
  }

  /** What came behind the head of the response. */
  get frames(): Buffer {
    const end = this.#received.indexOf('\r\n\r\n');
    return end < 0 ? this.#received : this.#received.subarray(end + 4);
  }

  /** The server has ended the connection, or it was cut. */
  get isOver(): boolean {
    return this.#isOver;
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#upper.destroyed && this.#upper.writable) this.#upper.write(bytes);
  }

  /** Waits until the bytes have left, or the connection has ended. */
  written(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#upper.destroyed || !this.#upper.writable) resolve();
      else this.#upper.write(bytes, () => resolve());
    });
  }

  async #until(isDone: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!isDone()) {
      const rest = deadline - Date.now();
      if (rest <= 0) throw new Error(`the server did not ${what} within ${PATIENCE} ms`);
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        sleep(Math.min(rest, 200)),
      ]);
    }
  }

  /** Waits for the head of a response. @returns it; what came of it if the connection ended before */
  async head(): Promise<string> {
    await this.#until(() => this.#isOver || this.#received.includes('\r\n\r\n'), 'answer');
    const end = this.#received.indexOf('\r\n\r\n');
    return this.#received.toString('latin1', 0, end < 0 ? undefined : end + 4);
  }

  /** Waits for the server to end the connection. @throws Error where it does not */
  ended(): Promise<void> {
    return this.#until(() => this.#isOver, 'end the connection');
  }

  /** Waits for so many bytes of frames, or the end. */
  bytes(length: number): Promise<void> {
    return this.#until(() => this.#isOver || this.frames.length >= length, `send ${length} bytes`);
  }

  pause(): void {
    this.#upper.pause();
  }
  /** A FIN; the other direction stays open. */
  end(): void {
    if (this.#upper.writable) this.#upper.end();
  }
  /** A RST. */
  reset(): void {
    if (!this.#upper.destroyed && !this.#upper.writableEnded) this.#reset();
    this.destroy();
  }
  destroy(): void {
    this.#upper.destroy();
  }
}

/** @param protocol that TLS negotiates, if it does */
function dial(port: number, isSecure: boolean, protocol: 'h2' | undefined): Wire {
  const tcp = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
  tcp.setNoDelay();
  tcp.on('error', () => {});
  const alpn = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
  const upper = isSecure
    ? connectTls({ socket: tcp, rejectUnauthorized: false, servername: 'localhost', ...alpn })
    : tcp;
  upper.on('close', () => tcp.destroy());
  tcp.on('close', () => upper.destroy());
  return new Wire(upper, () => {
    if (!tcp.destroyed && !tcp.writableEnded) tcp.resetAndDestroy();
  });
}

/** The server under attack. */
export class Target {
  readonly configuration: Configuration;
  readonly port: number;
  readonly #wires = new Set<Wire>();
  readonly #sessions = new Set<ClientHttp2Session>();

  constructor(configuration: Configuration, port: number) {
    this.configuration = configuration;
    this.port = port;
  }

  /** A connection on which nothing has been said. */
  open({ isSecure = this.configuration.transport === 'tls' || this.configuration.isSecure } = {}): Wire {
    const wire = dial(this.port, isSecure, this.configuration.transport === 'http2' ? 'h2' : undefined);
    this.#wires.add(wire);
    return wire;
  }

  /** The head of a request that the server takes. */
  request({ target = this.configuration.path, lines = [] as string[] } = {}): string {
    return requestHead(this.port, { target, lines });
  }

  /** A connection whose handshake is done; over HTTP/2 on a session of its own. */
  async handshake(hasDeflate = this.configuration.hasDeflate): Promise<Wire> {
    if (this.configuration.transport === 'http2') return this.#openStream(hasDeflate);
    const wire = this.open();
    wire.write(this.request({ lines: hasDeflate ? [OFFER] : [] }));
    const head = await wire.head();
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`a good handshake was answered with ${head.slice(0, 60)}`);
    return wire;
  }

  async #openStream(hasDeflate: boolean): Promise<Wire> {
    const session = await this.session();
    const stream = this.connect(session, undefined, hasDeflate ? { 'sec-websocket-extensions': EXTENSION } : {});
    const status = await this.status(stream);
    if (status !== 200) throw new Error(`a good extended CONNECT was answered with ${status}`);
    const wire = new Wire(stream, () => stream.close(constants.NGHTTP2_CANCEL));
    this.#wires.add(wire);
    return wire;
  }

  async session(): Promise<ClientHttp2Session> {
    const scheme = this.configuration.isSecure ? 'https' : 'http';
    const session = connectHttp2(`${scheme}://127.0.0.1:${this.port}`, { rejectUnauthorized: false });
    this.#sessions.add(session);
    session.on('error', () => {});
    await Promise.race([new Promise((resolve) => session.once('remoteSettings', resolve)), sleep(PATIENCE)]);
    return session;
  }

  /** Sends an extended CONNECT. */
  connect(session: ClientHttp2Session, path: string = this.configuration.path, headers = {}): ClientHttp2Stream {
    const stream = session.request(
      {
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path },
        ':scheme': this.configuration.isSecure ? 'https' : 'http',
        ...{ ':authority': `127.0.0.1:${this.port}`, 'sec-websocket-version': '13', ...headers },
      },
      { endStream: false },
    );
    stream.on('error', () => {});
    return stream;
  }

  /** Sends an extended CONNECT and waits for the answer. @returns its status; undefined if the stream was ended without one */
  status(stream: ClientHttp2Stream): Promise<number | undefined> {
    const answered = new Promise<number | undefined>((resolve) => {
      stream.once('response', (headers) => resolve(headers[':status']));
      stream.once('close', () => resolve(undefined));
    });
    const late = sleep(PATIENCE, undefined, { ref: false }).then(() => {
      throw new Error(`the server did not answer an extended CONNECT within ${PATIENCE} ms`);
    });
    return Promise.race([answered, late]);
  }

  /** Ends what a script has left open. */
  cleanUp(): void {
    for (const wire of this.#wires) wire.destroy();
    for (const session of this.#sessions) session.destroy();
    this.#wires.clear();
    this.#sessions.clear();
  }
}
