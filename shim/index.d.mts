import WebSocket from './index.js';

export default WebSocket;
export { WebSocket };
export declare const createWebSocketStream: typeof WebSocket.createWebSocketStream;
export declare const WebSocketServer: typeof WebSocket.WebSocketServer;
export declare const Server: typeof WebSocket.Server;
export type WebSocketServer = WebSocket.WebSocketServer;
export type Server = WebSocket.Server;
