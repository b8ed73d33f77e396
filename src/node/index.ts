// The entry of wsimd/node. Sockets are in socket/: reads/read-gate.ts pauses them, writes/flush-schedule.ts decides when bytes leave.

/**
 * WebSocket servers and clients for Node, with the API of `ws` 8, and what `ws` does not have: topics, backpressure, HTTP/2.
 *
 * @module wsimd/node
 */

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
  /** The class `WebSocketServer`, by its old name. */
  Server: WebSocketServer,
  /** The class of servers. */
  WebSocketServer,
  /** Wraps a WebSocket in a Duplex: see `createWebSocketStream` of this module. */
  createWebSocketStream,
  /** Sends a message to many WebSockets: see `broadcast` of this module. */
  broadcast,
  /** Opens a WebSocket: see `connect` of this module. */
  connect,
  /** The class of messages that are framed once and sent to many. */
  PreparedMessage,
  /** The class of errors for responses other than 101. */
  UnexpectedResponseError,
  /** The class of errors for rules that a peer broke. */
  WebSocketError,
  /** The class of `open` events. */
  Event: events.Event,
  /** The class of `message` events. */
  MessageEvent: events.MessageEvent,
  /** The class of `close` events. */
  CloseEvent: events.CloseEvent,
  /** The class of `error` events. */
  ErrorEvent: events.ErrorEvent,
  /** Frames that a program makes once and hands to many WebSockets, as engine.io does. */
  Sender,
  /** The class of relays over Redis. */
  RedisRelay,
  /** The class of relays between the workers of a cluster. */
  ClusterRelay,
  /** The class of relays between the threads of a process. */
  ThreadRelay,
});
shareInstances(BaseWebSocket, 'WebSocket');
shareInstances(WebSocketServer, 'WebSocketServer');
shareInstances(WebSocketError, 'WebSocketError');
shareInstances(UnexpectedResponseError, 'UnexpectedResponseError');

/** One connection: made by a server for each of its clients, or with `new WebSocket(url)`. */
export type WebSocket = BaseWebSocket;
/** The class of WebSockets, with the rest of this module as its statics, as `ws` has them. */
export const WebSocket: typeof withStatics & { readonly WebSocket: typeof withStatics } = Object.assign(withStatics, {
  WebSocket: withStatics,
});

/** The types by the names that `@types/ws` gives them, and all other types of this module: CommonJS finds them nowhere else. */
export declare namespace WebSocket {
  /** A message as the event `message` has it: a Buffer, or what `binaryType` says. */
  export type RawData = import('./websocket/sendable.js').RawData;
  /** The `data` of a `MessageEvent`: a string for a text, else as `RawData`. */
  export type Data = import('./websocket/sendable.js').Data;
  /** Keys and certificates. */
  export type CertMeta = import('./client/client-options.js').CertMeta;
  /** The options of a client. */
  export type ClientOptions = import('./client/client-options.js').ClientOptions<BaseWebSocket>;
  /** Sets headers of a request late; it has to call `request.end()`. */
  export type FinishRequestCallback = import('./client/client-options.js').FinishRequestCallback<BaseWebSocket>;
  /** The options of a server. */
  export type ServerOptions<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerOptions<T, U>;
  /** Returns whether to accept a client, or a promise of it. */
  export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').VerifyClientCallbackSync<Request>;
  /** Says later whether to accept a client. */
  export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').VerifyClientCallbackAsync<Request>;
  /** The options of compression, with the names of `ws`. */
  export type PerMessageDeflateOptions = import('./websocket/options/per-message-deflate.js').PerMessageDeflateOptions;
  /** Whether and how messages are compressed. */
  export type PerMessageDeflateOption = import('./websocket/options/per-message-deflate.js').PerMessageDeflateOption;
  /** An event of the browser's interface, such as `open`. */
  export type Event<Target = BaseWebSocket> = import('./websocket/event-target.js').Event<Target>;
  /** A message came. */
  export type MessageEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').MessageEvent<Target>;
  /** The connection has ended. */
  export type CloseEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').CloseEvent<Target>;
  /** Something went wrong; `close` follows. */
  export type ErrorEvent<Target = BaseWebSocket> = import('./websocket/event-target.js').ErrorEvent<Target>;
  /** The events of `addEventListener`, by name. */
  export type WebSocketEventMap<Target = BaseWebSocket> = import('./websocket/event-target.js').EventMap<Target>;
  /** How `addEventListener` listens. */
  export type EventListenerOptions = import('./websocket/event-target.js').EventListenerOptions;
  /** Where a server listens, as in `node:net`. */
  export type AddressInfo = import('node:net').AddressInfo;
  /** The type of a server, by its old name. */
  export type Server<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server.js').WebSocketServer<T, U>;
  /** The type of a server. */
  export type WebSocketServer<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server.js').WebSocketServer<T, U>;
  /** The type of a connection. */
  export type WebSocket = import('./websocket/websocket.js').WebSocket;
  /** The options of a server, by another name. */
  export type WebSocketServerOptions<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerOptions<T, U>;
  /** The argument of `verifyClient`. */
  export type ClientInfo<Request extends IncomingMessage = IncomingMessage> =
    import('./server/server-options.js').ClientInfo<Request>;
  /** Names and arguments of the events of a server. */
  export type ServerEvents<
    T extends typeof BaseWebSocket = typeof BaseWebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = import('./server/server-options.js').ServerEvents<T, U>;
  /** How `shutdown` of a server ends the connections. */
  export type ShutdownOptions = import('./operate/shutdown.js').ShutdownOptions;
  /** What became of them. */
  export type ShutdownResult = import('./operate/shutdown.js').ShutdownResult;
  /** How a connection ended. */
  export type SocketClosed = import('./operate/ending.js').SocketClosed;
  /** What `stats()` of a server returns. */
  export type ServerStats = import('./observe/server-stats.js').ServerStats;
  /** What `stats()` of a WebSocket returns. */
  export type SocketStats = import('./observe/stats.js').SocketStats;
  /** What went through a connection, or through all of a server. */
  export type Traffic = import('./observe/stats.js').Traffic;
  /** Compression in both directions. */
  export type CompressionStats = import('./observe/stats.js').CompressionStats;
  /** Compression in one direction. */
  export type DirectionStats = import('./observe/stats.js').DirectionStats;
  /** The kernel that is in use, and why. */
  export type KernelStats = import('./observe/server-stats.js').KernelStats;
  /** How many turns connections have needed and need. */
  export type TurnUse = import('./socket/turns.js').TurnUse;
  /** A limit, by the name of the option that sets it. */
  export type LimitName = import('./operate/limits.js').LimitName;
  /** The timeouts that end a connection. */
  export type TimeLimit = import('./operate/limits.js').TimeLimit;
  /** How a message is published to a topic. */
  export type TopicPublishOptions = import('./topics/server-topics.js').TopicPublishOptions;
  /** Carries messages between processes. */
  export type Relay = import('../topics/relay.js').Relay;
  /** A message on its way to other processes. */
  export type RelayedMessage = import('../topics/relay.js').RelayedMessage;
  /** A relay over Redis. */
  export type RedisRelay = import('./topics/relays/redis-relay.js').RedisRelay;
  /** The options of a `RedisRelay`. */
  export type RedisRelayOptions = import('./topics/relays/redis-relay.js').RedisRelayOptions;
  /** The events of a `RedisRelay`, with their arguments. */
  export type RedisRelayEvents = import('./topics/relays/redis-relay.js').RedisRelayEvents;
  /** What is used of a client of the package `redis` or `ioredis`. */
  export type RedisClient = import('./topics/relays/redis-relay.js').RedisClient;
  /** Messages that did not arrive. */
  export type RelayLoss = import('./topics/relays/redis-relay.js').RelayLoss;
  /** A relay between the workers of a cluster. */
  export type ClusterRelay = import('./topics/relays/ipc-relays.js').ClusterRelay;
  /** A relay between the threads of a process. */
  export type ThreadRelay = import('./topics/relays/ipc-relays.js').ThreadRelay;
  /** How pings are sent by themselves. */
  export type HeartbeatOptions = import('./websocket/options/options.js').HeartbeatOptions;
  /** The options that servers and clients share. */
  export type WebSocketOptions = import('./websocket/options/options.js').WebSocketOptions;
  /** The shapes of a binary message. */
  export type BinaryType = import('./websocket/sendable.js').BinaryType;
  /** The values that can be sent. */
  export type Sendable = import('./websocket/sendable.js').Sendable;
  /** How a message is sent. */
  export type SendOptions = import('./websocket/sendable.js').SendOptions;
  /** What happened to a message. */
  export type SendResult = import('./flow/flow-emitter.js').SendResult;
  /** How `sendStream` sends. */
  export type SendStreamOptions = import('./flow/send-stream.js').SendStreamOptions;
  /** What `sendStream` takes: parts of one message. */
  export type StreamSource = import('./flow/send-stream.js').StreamSource;
  /** How a wait may end early. */
  export type WaitOptions = import('./flow/drain-wait.js').WaitOptions;
  /** The class of WebSockets that have `data` of a program's own. */
  export type WebSocketWith<Data> = import('./websocket/socket-data.js').WebSocketWith<Data>;
  /** The class of WebSockets with `textAs: 'string'`. */
  export type WebSocketWithStrings<Base extends typeof BaseWebSocket = typeof BaseWebSocket> =
    import('./websocket/string-texts.js').WebSocketWithStrings<Base>;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  export type ReadyState = import('./websocket/websocket-events.js').ReadyState;
  /** Names and arguments of the events of a WebSocket. */
  export type WebSocketEvents = import('./websocket/websocket-events.js').WebSocketEvents;
  /** A rule that the peer broke. */
  export type WebSocketError = import('./websocket/ws-errors.js').WebSocketError;
  /** A response other than 101. */
  export type UnexpectedResponseError = import('./client/connect.js').UnexpectedResponseError;
  /** A message that is framed once and sent to many. */
  export type PreparedMessage = import('../frames/prepared-message.js').PreparedMessage;
}

/** The options of a client: those of a WebSocket, of the handshake, and of `https.request`. */
export type ClientOptions = BaseClientOptions<BaseWebSocket>;
/** Sets headers of a request late; it has to call `request.end()`. */
export type FinishRequestCallback = BaseFinishRequestCallback<BaseWebSocket>;

// The events of the browser's interface; what they happen to is a WebSocket, unless a program says otherwise.
/** The class of `open` events, and the base of the others. */
export const Event: typeof events.Event = events.Event;
/** An event of the browser's interface, such as `open`. `Target`: what it happens to. */
export type Event<Target = BaseWebSocket> = events.Event<Target>;
/** The class of `message` events. */
export const MessageEvent: typeof events.MessageEvent = events.MessageEvent;
/** A message came. */
export type MessageEvent<Target = BaseWebSocket> = events.MessageEvent<Target>;
/** The class of `close` events. */
export const CloseEvent: typeof events.CloseEvent = events.CloseEvent;
/** The connection has ended. */
export type CloseEvent<Target = BaseWebSocket> = events.CloseEvent<Target>;
/** The class of `error` events. */
export const ErrorEvent: typeof events.ErrorEvent = events.ErrorEvent;
/** Something went wrong; `close` follows. */
export type ErrorEvent<Target = BaseWebSocket> = events.ErrorEvent<Target>;
/** The events of `addEventListener`, by name. */
export type WebSocketEventMap<Target = BaseWebSocket> = events.EventMap<Target>;

export type { AddressInfo } from 'node:net';
export type { Relay, RelayedMessage } from '../topics/relay.js';
export type { CertMeta } from './client/client-options.js';
export type { WaitOptions } from './flow/drain-wait.js';
export type { SendResult } from './flow/flow-emitter.js';
export type { SendStreamOptions, StreamSource } from './flow/send-stream.js';
export type { KernelStats, ServerStats } from './observe/server-stats.js';
export type { CompressionStats, DirectionStats, SocketStats, Traffic } from './observe/stats.js';
export type { SocketClosed } from './operate/ending.js';
export type { LimitName, TimeLimit } from './operate/limits.js';
export type { ShutdownOptions, ShutdownResult } from './operate/shutdown.js';
export type {
  ClientInfo,
  ServerEvents,
  ServerOptions,
  ServerOptions as WebSocketServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from './server/server-options.js';
export type { TurnUse } from './socket/turns.js';
export type { RedisClient, RedisRelayEvents, RedisRelayOptions, RelayLoss } from './topics/relays/redis-relay.js';
export type { TopicPublishOptions } from './topics/server-topics.js';
export type { EventListenerOptions } from './websocket/event-target.js';
export type { HeartbeatOptions, WebSocketOptions } from './websocket/options/options.js';
export type { PerMessageDeflateOption, PerMessageDeflateOptions } from './websocket/options/per-message-deflate.js';
export type { BinaryType, Data, RawData, Sendable, SendOptions } from './websocket/sendable.js';
export type { WebSocketWith } from './websocket/socket-data.js';
export type { WebSocketWithStrings } from './websocket/string-texts.js';
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
