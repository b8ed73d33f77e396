// The events of a WebSocket. Types only.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RawData } from './sendable.js';

/** Names and arguments of the events. */
export interface WebSocketEvents {
  /** The connection is there; of a client. */
  open: [];
  /**
   * A text as a Buffer (with `textAs: 'string'` a string), a binary message as `binaryType` says. It is the listener's own:
   * nobody writes to it again.
   */
  message: [data: RawData, isBinary: boolean];
  /** The connection has ended. 1005: the peer's Close had no code; 1006: there was none. */
  close: [code: number, reason: Buffer];
  /** Comes before `close`. Of an open connection, nobody listening is no error: it ends all the same. */
  error: [error: Error];
  ping: [data: Buffer];
  pong: [data: Buffer];
  /** Of a client: the server's answer to the handshake, before it is judged. */
  upgrade: [response: IncomingMessage];
  /** Of a client: a redirect is about to be followed; whoever listens answers for the headers that go with it. */
  redirect: [url: string, request: ClientRequest];
  /** Of a client: the server answered with something else; whoever listens ends the request. */
  'unexpected-response': [request: ClientRequest, response: IncomingMessage];
  /**
   * Nothing waits any more: the system has taken all that was sent, what was gathered, compressed in slices and behind Blobs
   * included, but for what is corked. Comes once after `bufferedAmount` was seen above 0, after `dropped`, and after the socket did
   * not take all at once; not if the connection ends before.
   */
  drain: [];
  /** With `backpressurePolicy: 'drop'`: this message was left out. */
  dropped: [data: string | Uint8Array | Blob, isBinary: boolean];
}
