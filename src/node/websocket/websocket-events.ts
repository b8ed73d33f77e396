// The states and events of a WebSocket, and an EventEmitter whose listeners have the types of its events.

import { EventEmitter } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { RawData } from './sendable.js';

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;
/** The states by their numbers. */
export const STATE_NAMES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

/** `readyState`: 0 connecting, 1 open, 2 closing, 3 closed. */
export type ReadyState = 0 | 1 | 2 | 3;

/** Names and arguments of the events. */
export interface WebSocketEvents {
  /** On a client: the connection is open. */
  open: [];
  /**
   * A message came: a text as a Buffer (with `textAs: 'string'` as a string), a binary message as `binaryType` says. The listener
   * owns it, unless `messageLifetime` says otherwise.
   */
  message: [data: RawData, isBinary: boolean];
  /**
   * With `streamMessages`: a long message has begun, and comes as a stream of Buffers. With `textAs: 'string'` a text comes as strings;
   * otherwise as UTF-8, where a character may be cut in two. Read the stream to its end or destroy it, which discards the rest of the
   * message. It is destroyed with an error if the message does not come to its end: with the one of the `error` event, or with
   * `WSIMD_CONNECTION_LOST`. Without a listener the message is discarded.
   */
  messageStart: [stream: Readable, isBinary: boolean];
  /** The connection has ended. 1005: the peer's Close frame had no code; 1006: there was none. */
  close: [code: number, reason: Buffer];
  /** Something went wrong; `close` follows. Without a listener nothing is thrown on an open connection; it still closes. */
  error: [error: Error];
  /** A ping came; with `autoPong` it is answered by itself. 0 to 125 bytes. */
  ping: [data: Buffer];
  /** A pong came, which answers a ping or is unsolicited. 0 to 125 bytes. */
  pong: [data: Buffer];
  /** On a client: the server's response to the handshake, before it is checked. */
  upgrade: [response: IncomingMessage];
  /** On a client: a redirect is about to be followed. A listener is responsible for the headers that go with it. */
  redirect: [url: string, request: ClientRequest];
  /** On a client: the server answered with something other than 101. A listener must end the request. */
  'unexpected-response': [request: ClientRequest, response: IncomingMessage];
  /**
   * Nothing is pending any more: the system has taken everything that was sent, messages that were gathered, compressed in slices
   * or behind Blobs included, except corked ones. Emitted once after `bufferedAmount` was read as above 0, after `dropped`, and
   * after the socket did not take all at once; not if the connection ends before.
   */
  drain: [];
  /** With `backpressurePolicy: 'drop'`: this message was dropped. */
  dropped: [data: string | Uint8Array | Blob, isBinary: boolean];
}

type Listener<This, Args extends unknown[]> = (this: This, ...args: Args) => void;

/** `Events`: the arguments of each event, by name. Others may be emitted too; their listeners say what they take. */
export interface TypedEmitter<Events extends { [K in keyof Events]: unknown[] }> {
  /** Calls the listener each time the event is emitted. */
  on<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** Calls the listener each time the event is emitted. For events of the program's own. */
  on(event: string | symbol, listener: Listener<this, never[]>): this;
  /** Calls the listener the next time the event is emitted, and then removes it. */
  once<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** Calls the listener the next time the event is emitted, and then removes it. For events of the program's own. */
  once(event: string | symbol, listener: Listener<this, never[]>): this;
  /** Removes a listener. */
  off<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** Removes a listener. For events of the program's own. */
  off(event: string | symbol, listener: Listener<this, never[]>): this;
  /** The same as `on`. */
  addListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** The same as `on`. For events of the program's own. */
  addListener(event: string | symbol, listener: Listener<this, never[]>): this;
  /** The same as `off`. */
  removeListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** The same as `off`. For events of the program's own. */
  removeListener(event: string | symbol, listener: Listener<this, never[]>): this;
  /** Like `on`, but before the listeners that there are. */
  prependListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  /** Like `on`, but before the listeners that there are. For events of the program's own. */
  prependListener(event: string | symbol, listener: Listener<this, never[]>): this;
}

// biome-ignore lint/correctness/noUnusedVariables: the interface, which has to have the same parameters, uses it
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are there, in EventEmitter; only types are declared
export class TypedEmitter<Events extends { [K in keyof Events]: unknown[] }> extends EventEmitter {}
