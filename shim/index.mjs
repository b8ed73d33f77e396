// By way of CommonJS, as in `ws`: whoever imports and whoever requires have the same classes.

import WebSocket from './index.js';

export const { createWebSocketStream, Server, WebSocketServer } = WebSocket;
export { WebSocket };
export default WebSocket;
