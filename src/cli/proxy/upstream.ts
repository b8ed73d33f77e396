// The way to the server that the proxy relays to: TCP or TLS, through an HTTP proxy or not. It sends nothing itself.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientOptions } from '../client/client-options.js';
import { openTunnel, serverNameOf } from '../client/tunnel.js';

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;

export interface Target {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** @returns a connected socket, paused, that may be half open */
export async function openUpstream(
  target: Target,
  { tls, proxy }: ClientOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { secure, hostname: host, port } = target;
  const attempt = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT)]);
  const { cert: _cert, key: _key, ...proxyTls } = tls;
  const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, host, port, proxyTls, attempt);
  const way = tunnel === undefined ? { host, port } : { socket: tunnel, host };
  if (!secure && tunnel !== undefined) return tunnel;
  const socket: Socket = secure
    ? connectTls({ ...tls, ...way, ...serverNameOf(host), ALPNProtocols: ['http/1.1'] })
    : connectTcp({ host, port, allowHalfOpen: true });
  socket.setNoDelay();
  return new Promise((resolve, reject) => {
    const finish = () => {
      attempt.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error) => {
      finish();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const abort = () =>
      fail(signal.aborted ? new Error('interrupted') : new Error('the server does not answer in time'));
    socket.on('error', fail);
    attempt.addEventListener('abort', abort);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      finish();
      resolve(socket);
    });
  });
}
