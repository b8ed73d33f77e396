// Opens one connection as a client: TCP or TLS, through a proxy or not, then the handshake, after redirects where they are
// followed. What follows the server's head goes to the caller, as bytes. It knows no frame.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FIRST_HOST_HEADERS } from '../../handshake/headers.js';
import {
  type ClientRequest,
  checkResponse,
  createRequest,
  HeadReader,
  type ParsedResponseHead,
  parseResponseHead,
  type ResponseAccepted,
} from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import { type Address, isTrusted, parseAddress, parseRedirect } from '../../node/client/address.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import type { ClientOptions } from './client-options.js';
import { DialError, earlyEnd, wrongStart } from './dial-errors.js';
import { Refusal } from './refusal.js';
import { openTunnel, serverNameOf } from './tunnel.js';

export interface DialOptions extends ClientOptions {
  /** Milliseconds for all of it. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  /** Read into this one buffer; the bytes are then good during the call only. Over TLS or a proxy without effect. */
  readonly readBuffer?: Uint8Array | undefined;
}

/** A connection whose handshake is done. */
export interface Dialled {
  readonly socket: Socket;
  readonly response: ResponseAccepted;
  /** To be called at once, in the same turn: the bytes behind the head, and all that come, go there. */
  receive(onBytes: (bytes: Uint8Array) => void): void;
}

const DEFAULT_TIMEOUT = 10_000;
/** Milliseconds in which the body of an answer other than 101 may come. */
const BODY_TIMEOUT = 500;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The server's answer: the connection, or where to ask instead. */
type Answer =
  | { readonly dialled: Dialled; readonly location?: undefined }
  | { readonly location: string; readonly dialled?: undefined };

/**
 * @throws (as rejections) what the network says; ProtocolError for an answer that is not a switch to WebSocket; DialError for
 *   what is no answer
 */
export async function dial(options: DialOptions): Promise<Dialled> {
  const { timeout = DEFAULT_TIMEOUT, signal } = options;
  const attempt = new AbortController();
  const interrupt = () => attempt.abort(new Error('interrupted'));
  const timer = setTimeout(() => attempt.abort(new ProtocolError('WSIMD_HANDSHAKE_TIMEOUT')), timeout);
  signal?.addEventListener('abort', interrupt);
  if (signal?.aborted) interrupt();
  try {
    return await dialAndFollow(options, attempt.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}

async function dialAndFollow(options: DialOptions, signal: AbortSignal): Promise<Dialled> {
  const { maxRedirects = 0 } = options;
  const origin = parseAddress(options.request.url);
  let address = origin;
  let current = options;
  for (let redirects = 0; ; redirects++) {
    const { dialled, location } = await ask(current, signal);
    if (dialled !== undefined) return dialled;
    if (redirects === maxRedirects) {
      throw new ProtocolError('WSIMD_TOO_MANY_REDIRECTS', { detail: String(maxRedirects) });
    }
    address = follow(location, address, origin);
    current = optionsFor(address, origin, options);
  }
}

/** @throws ProtocolError for a location that no server may choose, or that is none */
function follow(location: string, from: Address, origin: Address): Address {
  try {
    return parseRedirect(location, from, origin, false);
  } catch (error) {
    rethrowUnless(error, SyntaxError);
    throw new ProtocolError('WSIMD_BAD_REDIRECT', { detail: JSON.stringify(location) });
  }
}

/** Another host gets no credentials: no cookie, no client certificate. */
function optionsFor(address: Address, origin: Address, options: DialOptions): DialOptions {
  const request = { ...options.request, url: address.handshakeUrl };
  if (isTrusted(address, origin)) return { ...options, request };
  const { cert: _cert, key: _key, ...tls } = options.tls;
  const headers = [...(options.request.headers ?? [])].filter(([name]) => !FIRST_HOST_HEADERS.has(name.toLowerCase()));
  return { ...options, request: { ...request, headers }, tls };
}

/** One request, and its answer. */
async function ask(options: DialOptions, signal: AbortSignal): Promise<Answer> {
  const request = createRequest(options.request);
  const { proxy, tls, readBuffer } = options;
  signal.throwIfAborted();
  const { cert: _cert, key: _key, ...proxyTls } = tls;
  const tunnel =
    proxy === undefined ? undefined : await openTunnel(proxy, request.hostname, request.port, proxyTls, signal);
  const reader = new HeadReader();
  let received = 0;
  let refusal: Refusal | undefined;
  let bodyTimer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    let onBytes = (bytes: Uint8Array) => {
      try {
        const error = received === 0 ? wrongStart(bytes) : undefined;
        if (error !== undefined) throw error;
        received += bytes.length;
        const answer = readAnswer(reader, bytes, request, options.maxRedirects !== undefined);
        if (answer === undefined) return;
        if (answer.refused !== undefined) {
          const refused = new Refusal(answer.refused);
          const refuse = (more: Uint8Array) => {
            if (refused.push(more)) fail(refused.error);
          };
          refusal = refused;
          bodyTimer = setTimeout(() => fail(refused.error), BODY_TIMEOUT);
          onBytes = refuse;
          refuse(answer.rest);
          return;
        }
        finish();
        if (answer.location !== undefined) {
          socket.on('error', () => {}).destroy();
          resolve(answer);
          return;
        }
        const early: Uint8Array[] = answer.rest.length === 0 ? [] : [answer.rest.slice()];
        onBytes = (more) => early.push(more.slice());
        const receive = (listener: (bytes: Uint8Array) => void) => {
          onBytes = listener;
          for (const bytes of early) listener(bytes);
        };
        resolve({ dialled: { socket, response: answer.response, receive } });
      } catch (error) {
        fail(error as Error);
      }
    };
    const socket = open(request, { tls, tunnel, readBuffer }, (bytes) => onBytes(bytes));
    const finish = () => {
      clearTimeout(bodyTimer);
      signal.removeEventListener('abort', abort);
      socket.off('error', broken);
      socket.off('end', ended);
    };
    const fail = (error: Error) => {
      finish();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const broken = (error: Error) => fail(refusal?.error ?? error);
    const ended = () => fail(refusal?.error ?? earlyEnd(received, !request.secure));
    const abort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', abort);
    socket.on('error', broken);
    socket.on('end', ended);
    socket.write(request.head, 'latin1');
  });
}

interface Transport extends Pick<DialOptions, 'tls' | 'readBuffer'> {
  readonly tunnel: Socket | undefined;
}

function open(request: ClientRequest, transport: Transport, onBytes: (bytes: Uint8Array) => void): Socket {
  const { hostname: host, port, secure } = request;
  const { tls, tunnel, readBuffer } = transport;
  let socket: Socket;
  if (secure) {
    const way = tunnel === undefined ? { host, port } : { socket: tunnel, host };
    socket = connectTls({ ...tls, ...way, ...serverNameOf(host) });
    socket.on('data', onBytes);
  } else if (tunnel !== undefined) {
    socket = tunnel.on('data', onBytes).resume();
  } else if (readBuffer === undefined) {
    socket = connectTcp({ host, port });
    socket.on('data', onBytes);
  } else {
    socket = connectTcp({
      host,
      port,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          onBytes(buffer.subarray(0, length));
          return true;
        },
      },
    });
    // Without a listener for data the end would not be noticed.
    socket.resume();
  }
  socket.setNoDelay();
  return socket;
}

function readAnswer(
  reader: HeadReader,
  bytes: Uint8Array,
  request: ClientRequest,
  follows: boolean,
):
  | { response: ResponseAccepted; rest: Uint8Array; location?: undefined; refused?: undefined }
  | { location: string; refused?: undefined }
  | { refused: ParsedResponseHead; rest: Uint8Array; location?: undefined }
  | undefined {
  for (let received = reader.push(bytes); received !== undefined; received = reader.push(received.rest)) {
    const head = parseResponseHead(received.head);
    // An interim response is followed by the final one (RFC 9110 section 15.2).
    if (head.status < 200 && head.status !== 101) continue;
    const location = locationOf(head);
    if (location !== undefined && follows) return { location };
    if (location !== undefined) throw notFollowed(head.status, location);
    if (head.status !== 101) return { refused: head, rest: received.rest };
    const verdict = checkResponse(head, request);
    if (!verdict.ok) throw verdict.error;
    return { response: verdict, rest: received.rest };
  }
  return undefined;
}

function locationOf({ status, headers }: ParsedResponseHead): string | undefined {
  return REDIRECTS.has(status) ? headers.get('location') : undefined;
}

function notFollowed(status: number, location: string): DialError {
  return new DialError(`the server redirects (${status})`, `to ${JSON.stringify(location)}; --location follows`);
}
