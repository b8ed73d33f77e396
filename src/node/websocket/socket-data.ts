// The type of WebSockets on which a program keeps data of its own. Types only: any WebSocket takes properties.

import type { WebSocket } from './websocket.js';

/**
 * The class `WebSocket` for servers that keep data of a program's own on each connection, as the property `data`. The property is not
 * there until the program sets it.
 *
 * ```ts
 * const server = new WebSocketServer<WebSocketWith<{ user: string }>>({ port: 8080 });
 * server.on('connection', (socket, request) => {
 *   socket.data = { user: userOf(request) };
 *   socket.on('message', function (message) { console.log(this.data.user, message); });
 * });
 * ```
 *
 * `Data` is the type of the property.
 */
export type WebSocketWith<Data> = typeof WebSocket & {
  new (address: null): WebSocket & { data: Data };
};
