// Cuts a socket, or the stream of HTTP/2 that stands for one. It knows no WebSocket.

import { constants, type Http2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';

/** Ends both directions at once; what has not left yet does not. */
export function cutSocket(socket: Duplex): void {
  // What a reset is to TCP, CANCEL is to a stream (RFC 8441 section 5). Node's destroy sends NO_ERROR; Node 20 may never return.
  if (isStream(socket)) socket.close(constants.NGHTTP2_CANCEL);
  socket.destroy();
}

function isStream(socket: Duplex | Http2Stream): socket is Http2Stream {
  return 'rstCode' in socket;
}
