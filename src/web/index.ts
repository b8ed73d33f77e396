/**
 * WebSocket servers and clients over any pair of WHATWG byte streams: sockets of Deno and of Workers, WebTransport.
 *
 * @module wsimd/web
 */

export { type AcceptedRequest, type AcceptWebSocketOptions, acceptWebSocket, type Refusal } from './accept.js';
export type { ByteSocket } from './byte-socket.js';
export type { ByteStreams } from './byte-streams.js';
export { type ConnectWebSocketOptions, connectWebSocket, type ServerResponse } from './connect.js';
export type { Message, WritableMessage } from './inbox/message.js';
export type { MessageListenerOption, WebSocketStreamOptions } from './options.js';
export type {
  CloseInfo,
  OpenedWebSocket,
  WebSocketStream,
} from './web-socket-stream.js';
