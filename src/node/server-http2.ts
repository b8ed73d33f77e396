// WebSockets on a node:http2 server (RFC 8441): listens for extended CONNECTs. It answers only those that are none of ours to
// judge.

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

/** The listeners that a server on HTTP/2 needs. @param onConnect told of each stream that is to become a WebSocket */
export function http2Listeners(
  server: Http2Server | Http2SecureServer,
  onConnect: (request: Http2ServerRequest, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Record<string, (...args: never[]) => void> {
  return {
    stream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      if (!isWebSocket(headers)) {
        // Nobody else would, and the stream would stay: RFC 9220 section 3 names this status.
        const isOurs = headers[':protocol'] !== undefined && server.listenerCount('stream') === 1;
        if (isOurs) stream.respond({ ':status': 501 }, { endStream: true });
        return;
      }
      onConnect(new Http2ServerRequest(stream, headers, {}, rawHeaders), stream, headers);
    },
    // Where somebody listens for requests too, Node refuses every CONNECT that nobody listens for.
    connect: (request: Http2ServerRequest, response: { writeHead(status: number): void; end(): void } | Duplex) => {
      if (server.listenerCount('connect') > 1) return;
      if (!('writeHead' in response)) response.destroy();
      else if (!isWebSocket(request.headers)) {
        response.writeHead(405);
        response.end();
      }
    },
  };
}

function isWebSocket(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && headers[':protocol'] === 'websocket';
}
