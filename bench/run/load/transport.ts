// Opens a connection of the load: over TCP, TLS or a stream of HTTP/2, up to the end of the handshake. It doesn't know frames.

import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { LoadJob } from './job.js';

const HEAD_END = Buffer.from('\r\n\r\n');
const HOST = '127.0.0.1';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const NO_TAKEOVER = '; server_no_context_takeover; client_no_context_takeover';

/** All plain connections read into it, one after the other. */
const sharedBuffer = Buffer.allocUnsafeSlow(256 * 1024);

export type OnBytes = (bytes: Uint8Array, start: number, end: number) => void;

/** An open connection. */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** Stops reading for good. */
  stopReading(): void;
  /** Cuts it, so that no port stays occupied. */
  cut(): void;
}

let session: ClientHttp2Session | undefined;

/**
 * @param onBytes gets what follows the handshake; the bytes are valid until it returns
 * @throws Error if the server refuses
 */
export function openTransport(job: LoadJob, onBytes: OnBytes, onError: (error: Error) => void): Promise<Transport> {
  return job.isHttp2 ? openStream(job, onBytes, onError) : openSocket(job, onBytes, onError);
}

function openSocket(job: LoadJob, onBytes: OnBytes, onError: (error: Error) => void): Promise<Transport> {
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    const receive = (bytes: Uint8Array, length: number) => {
      if (head === undefined) {
        onBytes(bytes, 0, length);
        return;
      }
      head = Buffer.concat([head, bytes.subarray(0, length)]);
      const end = head.indexOf(HEAD_END);
      if (end === -1) return;
      const whole = head;
      head = undefined;
      const error = checkResponse(whole.toString('latin1', 0, end), job);
      if (error !== undefined) {
        reject(error);
        return;
      }
      resolve(toTransport(socket));
      const start = end + HEAD_END.length;
      if (start < whole.length) onBytes(whole, start, whole.length);
    };
    const socket = job.isTls ? openTls(job.port, receive) : openPlain(job.port, receive);
    socket.on('error', (error) => (head === undefined ? onError(error) : reject(error)));
    socket.on('close', () => onError(new Error('the server closes a connection')));
    socket.write(`${requestHead(job)}\r\n\r\n`);
  });
}

function openPlain(port: number, receive: (bytes: Uint8Array, length: number) => void): Socket {
  const onread = {
    buffer: sharedBuffer,
    callback: (length: number, buffer: Uint8Array) => {
      receive(buffer, length);
      return true;
    },
  };
  return connect({ port, host: HOST, noDelay: true, onread });
}

function openTls(port: number, receive: (bytes: Uint8Array, length: number) => void): Socket {
  const socket = connectTls({ port, host: HOST, rejectUnauthorized: false });
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
  return socket;
}

function toTransport(socket: Socket): Transport {
  return {
    write: (bytes) => void socket.write(bytes),
    stopReading: () => void socket.pause(),
    cut: () => {
      socket.removeAllListeners('close');
      // A reset leaves no port waiting. TLS sockets have none.
      if ('encrypted' in socket) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}

function requestHead({ compression, port }: LoadJob): string {
  const offer = compression === 'off' ? [] : [`Sec-WebSocket-Extensions: ${offerOf(compression)}`];
  return [
    'GET / HTTP/1.1',
    `Host: ${HOST}:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    ...offer,
  ].join('\r\n');
}

function offerOf(compression: LoadJob['compression']): string {
  return `permessage-deflate${compression === 'no-takeover' ? NO_TAKEOVER : ''}`;
}

function checkResponse(head: string, { compression }: LoadJob): Error | undefined {
  if (!head.startsWith('HTTP/1.1 101')) return new Error(`the server answers ${head}`);
  const isCompressed = /^sec-websocket-extensions: *permessage-deflate/im.test(head);
  if (isCompressed === (compression !== 'off')) return undefined;
  return new Error(`compression is ${compression}, and the server answers ${head}`);
}

async function openStream(job: LoadJob, onBytes: OnBytes, onError: (error: Error) => void): Promise<Transport> {
  session ??= await openSession(job.port, onError);
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' },
    { endStream: false },
  );
  stream.on('data', (chunk: Buffer) => onBytes(chunk, 0, chunk.length));
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('response', ({ ':status': status }) => {
      if (status === 200) resolve();
      else reject(new Error(`the server answers ${status}`));
    });
  });
  return streamTransport(stream);
}

async function openSession(port: number, onError: (error: Error) => void): Promise<ClientHttp2Session> {
  const opened = connectHttp2(`http://${HOST}:${port}`);
  opened.on('error', onError);
  await new Promise((resolve) => {
    opened.once('remoteSettings', resolve);
  });
  return opened;
}

function streamTransport(stream: Duplex & { close(code: number): void }): Transport {
  return {
    write: (bytes) => void stream.write(bytes),
    stopReading: () => void stream.pause(),
    cut: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

/** Ends what the connections shared. */
export function closeShared(): void {
  session?.destroy();
  session = undefined;
}
