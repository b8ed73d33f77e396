// The type of WebSockets whose texts come as strings. Types only: the option `textAs` makes them.

import type { RawData } from './sendable.js';
import type { WebSocket } from './websocket.js';

/** The arguments of `message` with `textAs: 'string'`: without `isBinary` the data is a string. */
type StringMessage = [data: string, isBinary: false] | [data: RawData, isBinary: true];

/** The methods for listeners of `message` with `textAs: 'string'`. */
interface StringMessages {
  /** Calls the listener for each message: with a string for a text, for a binary message with what `binaryType` says. */
  on(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
  /** Calls the listener for the next message. */
  once(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
  /** Removes a listener. */
  off(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
  /** The same as `on`. */
  addListener(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
  /** The same as `off`. */
  removeListener(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
  /** Like `on`, but before the listeners that there are. */
  prependListener(event: 'message', listener: (this: this, ...message: StringMessage) => void): this;
}

/**
 * The class `WebSocket` for servers with `textAs: 'string'`: listeners of `message` get a string, or a binary message if `isBinary` is
 * true. `Base` is the class that it would be otherwise, such as `WebSocketWith<Data>`.
 *
 * ```ts
 * const server = new WebSocketServer<WebSocketWithStrings>({ port: 8080, textAs: 'string' });
 * server.on('connection', (socket) => {
 *   socket.on('message', (data, isBinary) => {
 *     if (!isBinary) socket.send(data.toUpperCase());
 *   });
 * });
 * ```
 *
 * The type does not set the option. `connect` returns such a WebSocket if the option is given; for `new WebSocket(url, options)` write
 * `as InstanceType<WebSocketWithStrings>`.
 */
export type WebSocketWithStrings<Base extends typeof WebSocket = typeof WebSocket> = Base & {
  // First, as TypeScript takes the first overload that fits.
  new (address: null): StringMessages & InstanceType<Base>;
};
