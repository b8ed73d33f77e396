// The way to the server that the proxy relays to: TCP or TLS, through an HTTP proxy or not, or a stream of HTTP/2. It sends
// no request itself.

import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { openSession, PROTOCOLS } from '../../node/http2/open-session.js';
import type { ClientOptions } from '../client/client-options.js';
import { openTunnel, serverNameOf } from '../client/tunnel.js';
import { Http2Upstream } from './http2-upstream.js';

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;

export interface Target {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** What a relay needs of a server's connection. */
export type Upstream = Duplex & { readonly remoteAddress?: string | undefined };

/**
 * @param wantsHttp2 speak HTTP/2 to a server that offers WebSockets on it; without TLS, to any
 * @returns a connection, paused, that may be half open
 */
export async function openUpstream(
  target: Target,
  options: ClientOptions,
  wantsHttp2: boolean,
  signal: AbortSignal,
): Promise<Upstream> {
  const timeout = AbortSignal.timeout(CONNECT_TIMEOUT);
  const attempt = new AbortController();
  const abort = () => attempt.abort(new Error(signal.aborted ? 'interrupted' : 'the server does not answer in time'));
  signal.addEventListener('abort', abort);
  timeout.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    if (wantsHttp2) {
      const stream = await openHttp2(target, options, attempt.signal);
      if (stream !== undefined) return stream;
    }
    return await openSocket(target, options, ['http/1.1'], attempt.signal);
  } finally {
    signal.removeEventListener('abort', abort);
    timeout.removeEventListener('abort', abort);
  }
}

/** @returns undefined if the server does not offer WebSockets on HTTP/2 and may offer them on HTTP/1.1 */
async function openHttp2(
  target: Target,
  options: ClientOptions,
  signal: AbortSignal,
): Promise<Http2Upstream | undefined> {
  const { secure, hostname, port } = target;
  const socket = await openSocket(target, options, PROTOCOLS, signal);
  if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
    socket.on('error', () => {}).destroy();
    return undefined;
  }
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  const session = await openSession(socket, `${secure ? 'https' : 'http'}://${host}:${port}`, signal);
  if (session === undefined && !secure) throw new Error('the server does not offer WebSockets over HTTP/2');
  return session === undefined ? undefined : new Http2Upstream(session, secure);
}

async function openSocket(
  target: Target,
  { tls, proxy }: ClientOptions,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  const { secure, hostname: host, port } = target;
  signal.throwIfAborted();
  const { cert: _cert, key: _key, ...proxyTls } = tls;
  const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, host, port, proxyTls, signal);
  const way = tunnel === undefined ? { host, port } : { socket: tunnel, host };
  if (!secure && tunnel !== undefined) return tunnel;
  const socket: Socket = secure
    ? connectTls({ ...tls, ...way, ...serverNameOf(host), ALPNProtocols: [...protocols] })
    : connectTcp({ host, port, allowHalfOpen: true });
  socket.setNoDelay();
  return new Promise((resolve, reject) => {
    const finish = () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error) => {
      finish();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason as Error);
    socket.on('error', fail);
    signal.addEventListener('abort', abort);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      finish();
      resolve(socket);
    });
  });
}
