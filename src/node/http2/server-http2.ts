// WebSockets on a node:http2 server (RFC 8441): listens for extended CONNECTs. It answers only those that are not for any
// WebSocketServer to judge.

import {
  type Http2SecureServer,
  type Http2Server,
  Http2ServerRequest,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';

/** Whether a server speaks HTTP/2. */
export function isHttp2Server(server: object): server is Http2Server | Http2SecureServer {
  return 'updateSettings' in server;
}

/** The listeners of all WebSocketServers: none of them counts as somebody else who may answer. */
const ours = new WeakSet<object>();

function hasOthers(server: Http2Server | Http2SecureServer, event: 'connect' | 'stream'): boolean {
  return server.listeners(event).some((listener) => !ours.has(listener));
}

/**
 * The listeners that a server on HTTP/2 needs.
 *
 * @param onConnect receives each stream that is to become a WebSocket. If others listen for streams too, `requestListener` is the
 *   listener for `error` that Node puts on a stream for its request
 */
export function http2Listeners(
  server: Http2Server | Http2SecureServer,
  onConnect: (
    request: Http2ServerRequest,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    requestListener: unknown,
  ) => void,
): Record<string, (...args: never[]) => void> {
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
    if (isWebSocket(headers)) {
      const request = new Http2ServerRequest(stream, headers, {}, rawHeaders);
      const isShared = server.listenerCount('stream') > 1;
      onConnect(request, stream, headers, isShared ? stream.listeners('error').at(-1) : undefined);
    } else if (headers[':protocol'] !== undefined && !hasOthers(server, 'stream') && !stream.headersSent) {
      // Nobody else would answer, and the stream would stay: RFC 9220 section 3 names this status.
      stream.respond({ ':status': 501 }, { endStream: true });
    }
  };
  // Node answers every CONNECT with 405 unless somebody listens for this event. Then that is up to the listener.
  const onHostConnect = (request: Http2ServerRequest, response: HostResponse | Duplex) => {
    if (hasOthers(server, 'connect')) return;
    if (!('writeHead' in response)) response.destroy();
    else if (!isWebSocket(request.headers) && !response.headersSent) {
      response.writeHead(405);
      response.end();
    }
  };
  ours.add(onStream).add(onHostConnect);
  return { stream: onStream, connect: onHostConnect };
}

interface HostResponse {
  readonly headersSent: boolean;
  writeHead(status: number): void;
  end(): void;
}

function isWebSocket(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && headers[':protocol'] === 'websocket';
}
