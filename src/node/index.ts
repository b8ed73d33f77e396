// The public face on Node: what `ws` exports and documents, over the codec of `wsimd`, and what `ws` does not have.

import { PreparedMessage } from '../frames/prepared-message.js';
import { connect, UnexpectedResponseError } from './client/connect.js';
import { WebSocketServer } from './server/server.js';
import { broadcast } from './websocket/broadcast.js';
import { createWebSocketStream } from './websocket/stream.js';
import { WebSocket } from './websocket/websocket.js';

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
export type { CertMeta, ClientOptions, FinishRequestCallback } from './client/client-options.js';
export type {
  ClientInfo,
  ServerEvents,
  ServerOptions,
  ServerOptions as WebSocketServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from './server/server-options.js';
export {
  CloseEvent,
  ErrorEvent,
  Event,
  type EventListenerOptions,
  type EventMap as WebSocketEventMap,
  MessageEvent,
} from './websocket/event-target.js';
export type { HeartbeatOptions, WebSocketOptions } from './websocket/options.js';
export type { PerMessageDeflateOption, PerMessageDeflateOptions } from './websocket/per-message-deflate.js';
export type { ReadyState } from './websocket/ready-state.js';
export type { BinaryType, Data, RawData, Sendable, SendOptions } from './websocket/sendable.js';
export type { WebSocketEvents } from './websocket/websocket-events.js';
export { WebSocketError } from './websocket/ws-errors.js';
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
// `require` gives the class with all else on it, as that of `ws` does: the build adds what says so (scripts/name-types.mjs).
export default WebSocket;
