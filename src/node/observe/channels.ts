// The channels of `node:diagnostics_channel` on which connections report what happens to them, named as undici names those of its
// WebSockets. A channel without subscribers costs one look at `hasSubscribers`; no message is made for it.

import { channel, tracingChannel } from 'node:diagnostics_channel';

/** `{ websocket, protocol, extensions }`: a connection is open. */
export const OPEN_CHANNEL = channel('wsimd:websocket:open');
/** `{ websocket, code, reason, wasClean }`: a connection has ended. */
export const CLOSE_CHANNEL = channel('wsimd:websocket:close');
/** `{ websocket, data, isBinary }`: a message is about to be delivered. `data` as the listener gets it. */
export const MESSAGE_RECEIVED_CHANNEL = channel('wsimd:websocket:messageReceived');
/** `{ websocket, data, isBinary }`: a message has been queued. `data` is what leaves, before it is compressed. */
export const MESSAGE_SENT_CHANNEL = channel('wsimd:websocket:messageSent');
/** `{ websocket, payload }`: a ping came. */
export const PING_CHANNEL = channel('wsimd:websocket:ping');
/** `{ websocket, payload, roundTripTime }`: a pong came. */
export const PONG_CHANNEL = channel('wsimd:websocket:pong');
/** `{ websocket, error }`: what the `error` event has, also without a listener for it. */
export const ERROR_CHANNEL = channel('wsimd:websocket:socket_error');
/** `{ websocket, limit, server }`: a limit was hit; `limit` is the name of its option. `websocket` is undefined in a handshake. */
export const LIMIT_CHANNEL = channel('wsimd:websocket:limit');
/** `{ websocket, buffered }`: the system did not take all at once. */
export const BACKPRESSURE_CHANNEL = channel('wsimd:websocket:backpressure');
/** `{ websocket }`: nothing is pending any more, behind backpressure. */
export const DRAIN_CHANNEL = channel('wsimd:websocket:drain');
/** `{ websocket, isNegotiated, extensions, reason }`: whether the messages of a new connection are compressed, and why not. */
export const COMPRESSION_CHANNEL = channel('wsimd:websocket:compression');

/**
 * `{ websocket, isCompressed, size, wireSize, reason }`: whether a message that was sent is compressed, once its last frame is made. `size`
 * and `wireSize` are its bytes before and after compression, without frame headers; `reason` is an `UncompressedReason`, or undefined.
 */
export const MESSAGE_COMPRESSION_CHANNEL = channel('wsimd:websocket:messageCompression');

/** The handshakes of clients: `tracing:wsimd:websocket:clientHandshake:start` and so on. */
export const CLIENT_HANDSHAKE_CHANNEL = tracingChannel<object, object>('wsimd:websocket:clientHandshake');
/** The handshakes of servers: `tracing:wsimd:websocket:handshake:start` and so on. */
export const HANDSHAKE_CHANNEL = tracingChannel<object, object>('wsimd:websocket:handshake');
