// The client's side of a handshake over a pair of byte streams. It judges nothing itself: src/handshake does.

import { type CreateRequestOptions, checkResponse, createRequest, type ResponseAccepted } from '../handshake/client.js';
import { formatExtensions } from '../handshake/extensions.js';
import { encodeLatin1, HeadReader, parseResponseHead } from '../handshake/head.js';
import { arenaFor } from '../kernel/arena.js';
import { type ByteSocket, transportOf } from './byte-socket.js';
import type { ByteStreams } from './byte-streams.js';
import { type HandshakeResult, readHead } from './handshake.js';
import { checkStreamOptions, type MessageListenerOption, type WebSocketStreamOptions } from './options.js';
import { WebSocketStream } from './web-socket-stream.js';

/** Options of a client over streams. */
export interface ConnectWebSocketOptions
  extends WebSocketStreamOptions,
    MessageListenerOption<WebSocketStream<ServerResponse>>,
    Pick<CreateRequestOptions, 'url' | 'protocols' | 'origin' | 'headers'> {}

/** What `opened` of a client has beside the streams. */
export interface ServerResponse {
  /** The response: its headers. */
  readonly response: ResponseAccepted;
}

/**
 * Opens a WebSocket over a connection to a server that the caller has made: sends the request and checks the response (RFC 6455
 * section 4.1). For `wss:` pass the streams of the TLS connection.
 *
 * ```ts
 * const streams = await Deno.connect({ hostname: 'localhost', port: 8080 });
 * const socket = connectWebSocket(streams, { url: 'ws://localhost:8080/chat' });
 * const { readable, writable } = await socket.opened;
 * ```
 *
 * @param streams belong to the WebSocket from here on. Of a socket that has both streams and methods, such as Deno's, the
 *   methods are used, which cost less
 * @returns the WebSocket, before it is open; `opened` rejects with a ProtocolError if the server does not switch to WebSocket
 * @throws TypeError if a stream is locked, or for a URL, subprotocol or header that is none; RangeError, TypeError for options
 *   out of range; ProtocolError `WSIMD_NO_KERNEL`. The streams are the caller's then
 */
export function connectWebSocket(
  streams: ByteStreams | ByteSocket,
  options: ConnectWebSocketOptions,
): WebSocketStream<ServerResponse> {
  checkStreamOptions(options);
  const { perMessageDeflate } = options;
  const request = createRequest({ ...options, extensions: perMessageDeflate?.offer() });
  const transport = transportOf(streams);
  const handshake = async (): Promise<HandshakeResult<ServerResponse>> => {
    // Without a kernel there is no use in asking.
    arenaFor(options.kernel);
    await transport.write(encodeLatin1(request.head));
    const reader = new HeadReader();
    for (;;) {
      const { head, rest } = await readHead(transport, reader);
      const response = parseResponseHead(head);
      // An interim response is followed by the final one (RFC 9110 section 15.2).
      if (response.status < 200 && response.status !== 101) {
        transport.unread(rest);
        continue;
      }
      const verdict = checkResponse(response, request);
      if (!verdict.ok) throw verdict.error;
      return {
        opened: { response: verdict },
        protocol: verdict.protocol ?? '',
        extensions: formatExtensions(verdict.extensions),
        compression: perMessageDeflate?.forClient(verdict.extensions, request.extensions),
        rest,
      };
    }
  };
  return new WebSocketStream(transport, 'client', options, handshake);
}
