/**
 * The declarations behind `WebSocket`, its events, `ClientOptions` and `Sender` of `wsimd/node`, with all their members. Import them
 * from `wsimd/node`; this page is for reading only.
 *
 * @module wsimd/node/declarations
 */

export type { ClientOptions, FinishRequestCallback } from '../../src/node/client/client-options.js';
export { CloseEvent, ErrorEvent, Event, type EventMap, MessageEvent } from '../../src/node/websocket/event-target.js';
export { type FrameOptions, Sender } from '../../src/node/websocket/sender.js';
export { WebSocket } from '../../src/node/websocket/websocket.js';
