// Speaks HTTP/2 on sockets of clients: finds out whether their server takes WebSockets on it (RFC 8441). It opens no stream.

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

/** What a TLS connection may speak, for ALPN (RFC 7301), in order of preference. */
export const PROTOCOLS = ['h2', 'http/1.1'];

/**
 * Speaks HTTP/2 on a socket.
 *
 * @returns the session; undefined if its server does not offer the extended CONNECT
 * @throws (as a rejection) if the server does not speak HTTP/2
 */
export function openSession(
  socket: Socket,
  origin: string,
  signal: AbortSignal,
): Promise<ClientHttp2Session | undefined> {
  const session = connectHttp2(origin, { createConnection: () => socket });
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort);
      session.on('error', () => {}).destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason as Error);
    const closed = () => fail(new Error('the server closed the connection: does it speak HTTP/2?'));
    session.once('error', fail).once('close', closed);
    signal.addEventListener('abort', abort);
    session.once('remoteSettings', (settings) => {
      signal.removeEventListener('abort', abort);
      session.off('error', fail).off('close', closed);
      if (settings.enableConnectProtocol === true) {
        resolve(session);
        return;
      }
      session.on('error', () => {}).destroy();
      resolve(undefined);
    });
  });
}

/** What `negotiate` comes to. Each is called once at most, and only one of them. */
interface Negotiated {
  /** The server takes WebSockets on HTTP/2. The session is for this client alone. */
  http2(session: ClientHttp2Session): void;
  /** It does not. @param socket a connection that speaks HTTP/1.1; undefined if another one is needed */
  http1(socket: TLSSocket | undefined): void;
  /** There is no connection. */
  failed(error: Error): void;
}

/**
 * Opens a TLS connection, and lets the server choose the version of HTTP.
 *
 * @param origin the URL of the server, without a path
 * @returns the connection: destroy it to end the attempt
 */
export function negotiate(options: ConnectionOptions, origin: string, outcome: Negotiated): TLSSocket {
  const socket = connectTls({ ...options, ALPNProtocols: PROTOCOLS });
  socket.on('error', outcome.failed);
  socket.once('secureConnect', () => {
    // One stays: an error in between must not be an uncaught exception.
    socket.on('error', () => {}).off('error', outcome.failed);
    if (socket.alpnProtocol !== 'h2') {
      outcome.http1(socket);
      return;
    }
    openSession(socket, origin, new AbortController().signal).then(
      (session) => (session === undefined ? outcome.http1(undefined) : outcome.http2(session)),
      () => outcome.http1(undefined),
    );
  });
  return socket;
}
