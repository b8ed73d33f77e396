// A way through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6). What the proxy then carries is for the caller.

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';
import { HeadReader, parseResponseHead } from '../../handshake/index.js';
import { DialError, dialErrorText, earlyEnd } from './dial-errors.js';

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** The host's name for TLS to ask for; an address is none (RFC 6066 section 3). */
export function serverNameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** Whether a URL is one of a proxy that this module can use. */
export function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && DEFAULT_PORTS.has(new URL(text).protocol);
}

/**
 * Opens a tunnel.
 *
 * @param proxy its URL, `http:` or `https:`, perhaps with a user name and a password
 * @param tls for a proxy that speaks TLS itself
 * @returns a paused socket without listeners
 */
export function openTunnel(
  proxy: URL,
  host: string,
  port: number,
  tls: TlsOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const proxyHost = proxy.hostname.replace(/^\[|\]$/g, '');
  const proxyPort = proxy.port === '' ? DEFAULT_PORTS.get(proxy.protocol)! : Number(proxy.port);
  const socket: Socket =
    proxy.protocol === 'https:'
      ? connectTls({ ...tls, host: proxyHost, port: proxyPort, ...serverNameOf(proxyHost) })
      : connectTcp({ host: proxyHost, port: proxyPort });
  socket.setNoDelay();
  const reader = new HeadReader();
  let received = 0;
  return new Promise((resolve, reject) => {
    const finish = () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', broken).off('end', ended).off('data', read);
    };
    const fail = (error: Error) => {
      finish();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const broken = (error: Error) => {
      const text = dialErrorText(error, ['http:', 'https:']);
      fail(new DialError(`cannot connect to the proxy ${proxy.host}:`, text));
    };
    const abort = () => fail(signal.reason as Error);
    const ended = () => fail(new DialError('the proxy closed the connection', earlyEnd(received, false).message));
    const read = (bytes: Buffer) => {
      received += bytes.length;
      try {
        const answer = reader.push(bytes);
        if (answer === undefined) return;
        const { status, reason } = parseResponseHead(answer.head);
        if (status < 200 || status > 299) {
          throw new DialError(`the proxy does not open a tunnel: ${status} ${reason}`.trimEnd());
        }
        finish();
        socket.pause();
        if (answer.rest.length > 0) socket.unshift(answer.rest);
        resolve(socket);
      } catch (error) {
        fail(error as Error);
      }
    };
    socket.on('error', broken).on('end', ended).on('data', read);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    socket.write(connectHead(proxy, host, port), 'latin1');
  });
}

function connectHead({ username, password }: URL, host: string, port: number): string {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const credentials = Buffer.from(`${percentDecode(username)}:${percentDecode(password)}`);
  const authorization =
    username === '' && password === '' ? '' : `Proxy-Authorization: Basic ${credentials.toString('base64')}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
