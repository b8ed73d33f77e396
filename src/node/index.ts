// The public face on Node: what `ws` exports and documents, over the codec of `wsimd`, and what `ws` does not have.

import type { IncomingMessage } from 'node:http';
import { PreparedMessage } from '../frames/prepared-message.js';
import { shareInstances } from '../protocol/share-instances.js';
import type {
  ClientOptions as BaseClientOptions,
  FinishRequestCallback as BaseFinishRequestCallback,
} from './client/client-options.js';
import { connect, UnexpectedResponseError } from './client/connect.js';
import { WebSocketServer } from './server/server.js';
import { ClusterRelay, ThreadRelay } from './topics/relays/ipc-relays.js';
import { RedisRelay } from './topics/relays/redis-relay.js';
import { broadcast } from './websocket/broadcast.js';
import * as events from './websocket/event-target.js';
import { Sender } from './websocket/sender.js';
import { createWebSocketStream } from './websocket/stream.js';
import { WebSocket as BaseWebSocket } from './websocket/websocket.js';
import { WebSocketError } from './websocket/ws-errors.js';

// The statics of the class: what `ws` has there, `WebSocket.Server` and the like, and all else that this module exports, which
// `require` reaches no other way. (package.json names this file among those with side effects.)
const withStatics = Object.assign(BaseWebSocket, {
  Server: WebSocketServer,
  WebSocketServer,
  createWebSocketStream,
  broadcast,
  connect,
  PreparedMessage,
  UnexpectedResponseError,
  WebSocketError,
  Event: events.Event,
  MessageEvent: events.MessageEvent,
  CloseEvent: events.CloseEvent,
  ErrorEvent: events.ErrorEvent,
  Sender,
  RedisRelay,
  ClusterRelay,
  ThreadRelay,
});
shareInstances(BaseWebSocket, 'WebSocket');
shareInstances(WebSocketServer, 'WebSocketServer');
shareInstances(WebSocketError, 'WebSocketError');
shareInstances(UnexpectedResponseError, 'UnexpectedResponseError');

/** One connection: made by a server for each of its clients, or with `new WebSocket(url)`. */
export type WebSocket = BaseWebSocket;
/** The class, with the rest of this module as its statics, as `ws` has them. */
export const WebSocket: typeof withStatics & { readonly WebSocket: typeof withStatics } = Object.assign(withStatics, {
  WebSocket: withStatics,
});

/** The types by the names that `@types/ws` gives them; and all others of this module, which CommonJS finds nowhere else. */
export declare namespace WebSocket {
  export type RawData = import('./websocket/sendable.js').RawData;
  export type Data = import('./websocket/sendable.js').Data;
  export type CertMeta = import('./client/client-options.js').CertMeta;
  export type ClientOptions = import('./client/client-options.js').ClientOptions<BaseWebSocket>;
  export type FinishRequestCallback = import('./client/client-options.js').FinishRequestCallback<BaseWebSocket>;
  export type ServerOptions<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerOptions<T, U>;
  export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').VerifyClientCallbackSync<Request>;
  export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').VerifyClientCallbackAsync<Request>;
  export type PerMessageDeflateOptions = import('./websocket/per-message-deflate.js').PerMessageDeflateOptions;
  export type PerMessageDeflateOption = import('./websocket/per-message-deflate.js').PerMessageDeflateOption;
  export type Event<Target = BaseWebSocket> = import('./websocket/event-target.js').Event<Target>;
  export type MessageEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').MessageEvent<Target>;
  export type CloseEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').CloseEvent<Target>;
  export type ErrorEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').ErrorEvent<Target>;
  export type WebSocketEventMap<Target = BaseWebSocket> = import('./websocket/event-target.js').EventMap<Target>;
  export type EventListenerOptions = import('./websocket/event-target.js').EventListenerOptions;
  export type AddressInfo = import('node:net').AddressInfo;
  export type Server<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server.js').WebSocketServer<T, U>;
  export type WebSocketServer<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server.js').WebSocketServer<T, U>;
  export type WebSocket = import('./websocket/websocket.js').WebSocket;
  export type WebSocketServerOptions<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerOptions<T, U>;
  export type ClientInfo<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').ClientInfo<Request>;
  export type ServerEvents<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerEvents<T, U>;
  export type HeartbeatOptions = import('./websocket/options.js').HeartbeatOptions;
  export type WebSocketOptions = import('./websocket/options.js').WebSocketOptions;
  export type BinaryType = import('./websocket/sendable.js').BinaryType;
  export type Sendable = import('./websocket/sendable.js').Sendable;
  export type SendOptions = import('./websocket/sendable.js').SendOptions;
  export type ReadyState = import('./websocket/websocket-events.js').ReadyState;
  export type WebSocketEvents = import('./websocket/websocket-events.js').WebSocketEvents;
  export type WebSocketError = import('./websocket/ws-errors.js').WebSocketError;
  export type UnexpectedResponseError = import('./client/connect.js').UnexpectedResponseError;
  export type PreparedMessage = import('../frames/prepared-message.js').PreparedMessage;
}

export type ClientOptions = BaseClientOptions<BaseWebSocket>;
export type FinishRequestCallback = BaseFinishRequestCallback<BaseWebSocket>;

// The events of the browser's interface; what they happen to is a WebSocket, unless a program says otherwise.
export const Event: typeof events.Event = events.Event;
export type Event<Target = BaseWebSocket> = events.Event<Target>;
export const MessageEvent: typeof events.MessageEvent = events.MessageEvent;
export type MessageEvent<Target = BaseWebSocket> = events.MessageEvent<Target>;
export const CloseEvent: typeof events.CloseEvent = events.CloseEvent;
export type CloseEvent<Target = BaseWebSocket> = events.CloseEvent<Target>;
export const ErrorEvent: typeof events.ErrorEvent = events.ErrorEvent;
export type ErrorEvent<Target = BaseWebSocket> = events.ErrorEvent<Target>;
export type WebSocketEventMap<Target = BaseWebSocket> = events.EventMap<Target>;

export type { AddressInfo } from 'node:net';
export type { Relay, RelayedMessage } from '../topics/relay.js';
export type { CertMeta } from './client/client-options.js';
export type {
  ClientInfo,
  ServerEvents,
  ServerOptions,
  ServerOptions as WebSocketServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from './server/server-options.js';
export type { RedisClient, RedisRelayEvents, RedisRelayOptions, RelayLoss } from './topics/relays/redis-relay.js';
export type { TopicPublishOptions } from './topics/server-topics.js';
export type { EventListenerOptions } from './websocket/event-target.js';
export type { HeartbeatOptions, WebSocketOptions } from './websocket/options.js';
export type { PerMessageDeflateOption, PerMessageDeflateOptions } from './websocket/per-message-deflate.js';
export type { BinaryType, Data, RawData, Sendable, SendOptions } from './websocket/sendable.js';
export type { ReadyState, WebSocketEvents } from './websocket/websocket-events.js';
export {
  broadcast,
  ClusterRelay,
  connect,
  createWebSocketStream,
  PreparedMessage,
  RedisRelay,
  ThreadRelay,
  UnexpectedResponseError,
  WebSocketError,
  WebSocketServer,
  WebSocketServer as Server,
};
// `require` gives the class with all else on it, as that of `ws` does: the build adds what says so (scripts/name-types.mjs).
export default WebSocket;
