// The options and events of a server. Types only.

import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { OriginOptions } from '../../handshake/origin.js';
import type { ProtocolError } from '../../protocol/errors.js';
import type { WebSocketOptions } from '../websocket/options/options.js';
import type { PerMessageDeflateOptions } from '../websocket/options/per-message-deflate.js';
import type { WebSocket } from '../websocket/websocket.js';
import type { Upgrade } from './upgrade.js';

/** The argument of `verifyClient`. */
export interface ClientInfo<Request extends IncomingMessage = IncomingMessage> {
  /** The Origin header; undefined where there is none, which programs other than browsers do not send. */
  readonly origin: string;
  /** The request came over TLS. */
  readonly secure: boolean;
  /** The request of the handshake. */
  readonly req: Request;
}

/** Returns whether to accept a client, or a promise of it. */
export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (
  info: ClientInfo<Request>,
) => boolean | PromiseLike<boolean>;

/**
 * Says later whether to accept a client, and with which status, text and headers it is refused. The first call of the callback
 * counts; it throws a TypeError (`WSIMD_INVALID_HEADER`) for a header that must not be sent, and the client is refused with 500.
 */
export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
  info: ClientInfo<Request>,
  callback: (isAccepted: boolean, status?: number, text?: string, headers?: OutgoingHttpHeaders) => void,
) => void | PromiseLike<void>;

/** Options of a server. Exactly one of `port`, `server` and `noServer` is needed: it says where requests come from. */
export interface ServerOptions<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> extends WebSocketOptions,
    Pick<OriginOptions, 'requireOrigin'> {
  /** Listen on this port, with an HTTP server of our own; 0 for any that is free. */
  readonly port?: number | undefined;
  /** The address to listen on, with `port`. Default: all of the machine's. */
  readonly host?: string | undefined;
  /** How many connections may wait to be accepted, with `port`. */
  readonly backlog?: number | undefined;
  /**
   * Take the upgrade requests of this HTTP server, which is not closed with ours. A server of `node:http2` takes WebSockets over
   * HTTP/2 (RFC 8441) if it was made with `settings: { enableConnectProtocol: true }`, and over HTTP/1.1 too with `allowHTTP1`.
   */
  readonly server?: Server<U> | HttpsServer<U> | Http2Server | Http2SecureServer | undefined;
  /** Take none: the caller hands requests to `handleUpgrade`. */
  readonly noServer?: boolean | undefined;
  /**
   * Accept this path only, compared without the query; others are answered with 400. Where several servers listen on one HTTP
   * server, a request goes to the one whose path it is.
   */
  readonly path?: string | undefined;
  /** Keep the open connections in `clients` (default true). */
  readonly clientTracking?: boolean | undefined;
  /** Connections that may be open at once; further requests are answered with 503 and `Retry-After`. Default, with null and 0: no limit. */
  readonly maxConnections?: number | null | undefined;
  /**
   * Milliseconds that a handshake may take, from 1 to 2^31 - 1. The time that the program takes to decide (`verifyClient`, `shouldHandle`,
   * `wsClientError`) is counted from the request on; then the request is answered with 503. With `port`, a client has as long to finish its
   * request, from the moment it has connected; it gets 408. With `server` and `noServer`, that is for the `headersTimeout` of the HTTP
   * server. Default: Node's 60 seconds for the headers, and no limit for the program. Infinity: no limit at all.
   */
  readonly handshakeTimeout?: number | null | undefined;
  /**
   * Decides whether to accept a client; rejected ones get 401 by default. A function of one parameter returns a boolean, or a
   * promise of one. A function of two parameters passes its decision to the second, and may be `async`. If a promise rejects, the
   * client gets 500 and the process a warning. See `VerifyClientCallbackSync`, `VerifyClientCallbackAsync`.
   */
  readonly verifyClient?:
    | ((
        info: ClientInfo<InstanceType<U>>,
        callback: Parameters<VerifyClientCallbackAsync>[1],
        // biome-ignore lint/suspicious/noConfusingVoidType: one of the two returns nothing
      ) => boolean | void | PromiseLike<boolean | void>)
    | undefined;
  /**
   * Chooses one of the subprotocols that the client offers, which come in the client's order; false for none. Not called if it
   * offers none. Default: the first.
   */
  readonly handleProtocols?: (protocols: Set<string>, request: InstanceType<U>) => string | false;
  /** The class of the connections; it extends WebSocket. */
  readonly WebSocket?: T | undefined;
  /**
   * Which Origins to accept: `'same-origin'` for pages of this server only, a list of origins, or `'any'` (default, as with `ws`).
   * A server that trusts cookies must check.
   */
  readonly origin?: OriginOptions['origin'];
}

/**
 * The options as a server keeps them. The types are narrower than those that it takes, so that a server can be given to a function
 * that asks for one of `@types/ws`: `server` may be one of `node:http2` all the same, `perMessageDeflate` a PerMessageDeflate,
 * a limit null, and `WebSocket` has no statics but its own.
 */
export type KeptOptions<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> = WithoutNull<Omit<ServerOptions<T, U>, 'server' | 'perMessageDeflate' | 'WebSocket'>> & {
  readonly server?: Server<U> | HttpsServer<U> | undefined;
  readonly perMessageDeflate?: boolean | KeptDeflateOptions | undefined;
  readonly WebSocket?:
    | (typeof WebSocket & ClassOf<InstanceType<T>> & { readonly [Name in StaticsOfWs]: never })
    | undefined;
};
type WithoutNull<Options> = { [Name in keyof Options]: Exclude<Options[Name], null> };
type KeptDeflateOptions = Omit<PerMessageDeflateOptions, 'serverMaxWindowBits' | 'clientMaxWindowBits'> & {
  readonly serverMaxWindowBits?: number | undefined;
  readonly clientMaxWindowBits?: number | undefined;
};
type ClassOf<Instance> = new (address: null) => Instance;
type StaticsOfWs = 'Server' | 'WebSocketServer' | 'WebSocket' | 'createWebSocketStream';

/** Names and arguments of the events of a server. */
export interface ServerEvents<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> {
  /** A client has connected. */
  connection: [webSocket: InstanceType<T>, request: InstanceType<U>];
  /**
   * The lines of the response's head, to be looked at and added to. A line that is not a well-formed header (`WSIMD_INVALID_HEADER`)
   * fails the handshake with 500; `handleUpgrade` throws it, and where the server itself took the request it is an `error` event.
   */
  headers: [headers: string[], request: InstanceType<U>];
  /** The HTTP server listens. */
  listening: [];
  /** The server is closed, and all its connections have ended. */
  close: [];
  /** The HTTP server failed, or the program added a header that must not be sent. */
  error: [error: Error];
  /** A published message could not be passed on to other processes, or one of theirs not be published here. */
  relayError: [error: Error];
  /** A request broke a rule, which the error names. The listener must answer the request and end the socket. */
  wsClientError: [error: ProtocolError, socket: Duplex, request: InstanceType<U>];
}

/** Called with the WebSocket of a request that was accepted. */
export type OnAccepted<T extends typeof WebSocket, U extends typeof IncomingMessage> = (
  webSocket: InstanceType<T>,
  request: InstanceType<U>,
) => void;

/** A request on its way through a server. */
export interface Handshake<T extends typeof WebSocket, U extends typeof IncomingMessage> {
  readonly upgrade: Upgrade;
  readonly request: InstanceType<U>;
  /** Bytes that came behind the request. */
  readonly head: Buffer;
  readonly callback: OnAccepted<T, U>;
}

/** The extensions to negotiate, by name. */
export type OfferedExtensions = Readonly<Record<string, unknown>>;

/** Of `completeUpgrade`, in the order in which `ws` has them. */
export type CompleteArguments<T extends typeof WebSocket, U extends typeof IncomingMessage> = [
  extensions: OfferedExtensions,
  key: string,
  protocols: Set<string>,
  request: InstanceType<U>,
  socket: Duplex,
  head: Buffer,
  callback: OnAccepted<T, U>,
];

/** The subprotocol of a connection: undefined for none. @param protocols those that the client offers */
export function chooseProtocol<Request>(
  handleProtocols: ((protocols: Set<string>, request: Request) => string | false) | undefined,
  protocols: ReadonlySet<string>,
  request: Request,
): string | undefined {
  // Most clients offer none: then no iterator has to be made.
  if (protocols.size === 0) return undefined;
  const [first] = protocols;
  if (first === undefined) return undefined;
  const choice = handleProtocols ? handleProtocols(new Set(protocols), request) : first;
  // A client ends a connection whose server chose something else.
  return choice !== false && protocols.has(choice) ? choice : undefined;
}
