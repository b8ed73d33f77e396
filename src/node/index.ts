// The public face on Node: a server and a client on node:http, over the codec of `wsimd`.

export { type ConnectOptions, connect, UnexpectedResponseError } from './client.js';
export type { PerMessageDeflateOption } from './per-message-deflate.js';
export { WebSocketServer, type WebSocketServerOptions } from './server.js';
export { type ReadyState, type Sendable, type SendOptions, WebSocket, type WebSocketOptions } from './websocket.js';
