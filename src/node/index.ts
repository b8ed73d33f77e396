// The public face on Node: what `ws` exports and documents, over the codec of `wsimd`, and what `ws` does not have.

import { PreparedMessage } from '../frames/prepared-message.js';
import { broadcast } from './broadcast.js';
import { connect, UnexpectedResponseError } from './connect.js';
import { WebSocketServer } from './server.js';
import { createWebSocketStream } from './stream.js';
import { WebSocket } from './websocket.js';

// As `ws` has them: `WebSocket.Server` and the like. (package.json names this file among those with side effects.)
Object.assign(WebSocket, {
  Server: WebSocketServer,
  WebSocketServer,
  WebSocket,
  createWebSocketStream,
  broadcast,
  connect,
  PreparedMessage,
});

export type { AddressInfo } from 'node:net';
export type { CertMeta, ClientOptions, FinishRequestCallback } from './client-options.js';
export {
  CloseEvent,
  ErrorEvent,
  Event,
  type EventListenerOptions,
  type EventMap as WebSocketEventMap,
  MessageEvent,
} from './event-target.js';
export type { HeartbeatOptions, WebSocketOptions } from './options.js';
export type { PerMessageDeflateOption, PerMessageDeflateOptions } from './per-message-deflate.js';
export type { ReadyState } from './ready-state.js';
export type { BinaryType, Data, RawData, Sendable, SendOptions } from './sendable.js';
export type {
  ClientInfo,
  ServerEvents,
  ServerOptions,
  ServerOptions as WebSocketServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from './server-options.js';
export type { WebSocketEvents } from './websocket-events.js';
export { WebSocketError } from './ws-errors.js';
export {
  broadcast,
  connect,
  createWebSocketStream,
  PreparedMessage,
  UnexpectedResponseError,
  WebSocket,
  WebSocketServer,
  WebSocketServer as Server,
};
// `require` gives the class with all else on it, as that of `ws` does: the build adds what says so (src/name-types.mjs).
export default WebSocket;
