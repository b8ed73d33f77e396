// WebSockets whose messages go to a listener (`onMessage`), for tests.

import {
  acceptWebSocket,
  type ByteStreams,
  connectWebSocket,
  type Message,
  type WebSocketStream,
  type WebSocketStreamOptions,
} from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';
import { URL } from './open.js';

export const ROLES = ['server', 'client'] as const;
export type Listener = (message: Message, socket: WebSocketStream) => void | PromiseLike<void>;

export const echo: Listener = (message, socket) => socket.send(message);

/** Streams, and the chunks that are written to them. */
function counted({ readable, writable }: ByteStreams, writes: Uint8Array[]): ByteStreams {
  const inner = writable.getWriter();
  return {
    readable,
    writable: new WritableStream({
      async write(bytes) {
        writes.push(bytes);
        await inner.write(bytes);
      },
      close: () => inner.close(),
      abort: (reason) => inner.abort(reason),
    }),
  };
}

/** A WebSocket with a listener, a peer with streams, and what each write of the first had. */
export async function openListening(
  role: (typeof ROLES)[number],
  onMessage: Listener,
  { peerOptions = {}, ...options }: WebSocketStreamOptions & { readonly peerOptions?: WebSocketStreamOptions } = {},
) {
  const [near, far] = connectedStreams(1000);
  const writes: Uint8Array[] = [];
  const [socket, other] =
    role === 'server'
      ? [
          acceptWebSocket(counted(far, writes), { ...options, onMessage }),
          connectWebSocket(near, { url: URL, ...peerOptions }),
        ]
      : [
          connectWebSocket(counted(near, writes), { url: URL, ...options, onMessage }),
          acceptWebSocket(far, peerOptions),
        ];
  const [, atPeer] = await Promise.all([socket.opened, other.opened]);
  writes.length = 0;
  return { socket, other, ...atPeer, writes };
}

/** A listener that waits for each message until it is let on, and what it has been given. */
export function slowListener() {
  const messages: Message[] = [];
  let letOn: () => void = () => {};
  const onMessage: Listener = (message) => {
    messages.push(message);
    return new Promise((resolve) => {
      letOn = resolve;
    });
  };
  return { messages, onMessage, letOn: () => letOn() };
}
