// Opens one connection as a client: TCP or TLS, then the handshake. What follows the server's head goes to whoever asked, as
// bytes. It knows no frame.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type ClientRequest,
  checkResponse,
  createRequest,
  HeadReader,
  parseResponseHead,
  type ResponseAccepted,
} from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import type { ClientOptions } from './client-options.js';

export interface DialOptions extends ClientOptions {
  /** Milliseconds for all of it. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  /** Read into this one buffer; the bytes are then good during the call only. Over TLS without effect. */
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

/** @throws (as rejections) what the network says; ProtocolError for an answer that is not a switch to WebSocket */
export function dial(options: DialOptions): Promise<Dialled> {
  const { timeout = DEFAULT_TIMEOUT, signal } = options;
  const request = createRequest(options.request);
  const reader = new HeadReader();
  return new Promise((resolve, reject) => {
    let onBytes = (bytes: Uint8Array) => {
      try {
        const answer = readAnswer(reader, bytes, request);
        if (answer === undefined) return;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        socket.off('error', fail);
        socket.off('end', ended);
        const early: Uint8Array[] = answer.rest.length === 0 ? [] : [answer.rest.slice()];
        onBytes = (more) => early.push(more.slice());
        resolve({
          socket,
          response: answer.response,
          receive(listener) {
            onBytes = listener;
            for (const part of early) listener(part);
          },
        });
      } catch (error) {
        fail(error as Error);
      }
    };
    const socket = open(request, options, (bytes) => onBytes(bytes));
    const fail = (error: Error) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const ended = () => fail(new ProtocolError('WSIMD_CONNECTION_LOST', { detail: 'in the handshake' }));
    const abort = () => fail(new Error('interrupted'));
    const timer = setTimeout(() => fail(new ProtocolError('WSIMD_HANDSHAKE_TIMEOUT')), timeout);
    signal?.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on('end', ended);
    socket.write(request.head, 'latin1');
  });
}

function open(request: ClientRequest, options: DialOptions, onBytes: (bytes: Uint8Array) => void): Socket {
  const { hostname: host, port, secure } = request;
  const { tls, readBuffer } = options;
  let socket: Socket;
  if (secure) {
    socket = connectTls({ ...tls, host, port, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }) });
    socket.on('data', onBytes);
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
): { response: ResponseAccepted; rest: Uint8Array } | undefined {
  for (let received = reader.push(bytes); received !== undefined; received = reader.push(received.rest)) {
    const head = parseResponseHead(received.head);
    // An interim response is followed by the final one (RFC 9110 section 15.2).
    if (head.status < 200 && head.status !== 101) continue;
    const verdict = checkResponse(head, request);
    if (!verdict.ok) throw verdict.error;
    return { response: verdict, rest: received.rest };
  }
  return undefined;
}

/** What went wrong with a connection, in a word or two: to count by, or to begin a message with. */
export function errorKind(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error instanceof Error ? error.message : String(error);
}

/** The same in a sentence. */
export function errorText(error: unknown): string {
  // A host of several addresses gives an error for each, and no text for all.
  if (error instanceof AggregateError && error.message === '') return errorText(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
