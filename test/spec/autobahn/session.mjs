// One WebSocket over a TCP socket, on the core of wsimd alone: what the core says goes to the socket, and the other way. It
// knows no Autobahn.

import { connect } from 'node:net';
import { Connection } from 'wsimd';
import {
  checkRequest,
  checkResponse,
  createRequest,
  encodeLatin1,
  HeadReader,
  parseRequestHead,
  parseResponseHead,
  writeRejection,
  writeResponse,
} from 'wsimd/handshake';

const KEPT_OPEN = 10_000;

/**
 * Opens a WebSocket and runs it to its end.
 *
 * @param onMessage called with the connection and each message, a string or bytes
 * @returns a promise that is fulfilled when the socket is closed, and rejected where the handshake fails
 */
export function runClient(url, onMessage) {
  const request = createRequest({ url });
  const socket = connect({ host: request.hostname, port: request.port });
  socket.write(encodeLatin1(request.head));
  return run(socket, 'client', onMessage, (head) => {
    const verdict = checkResponse(parseResponseHead(head), request);
    if (!verdict.ok) throw verdict.error;
  });
}

/** Takes a socket that a client has opened, and runs it to its end. Arguments and result as of `runClient`. */
export function runServer(socket, onMessage) {
  return run(socket, 'server', onMessage, (head) => {
    const verdict = checkRequest(parseRequestHead(head), { origin: 'any' });
    socket.write(encodeLatin1(verdict.ok ? writeResponse(verdict) : writeRejection(verdict)));
    if (!verdict.ok) throw verdict.error;
  });
}

function run(socket, role, onMessage, judgeHead) {
  const connection = new Connection({ role, maxMessageLength: 64 * 1024 * 1024 });
  const handler = {
    onText: (text) => onMessage(connection, text),
    onBinary: (data) => onMessage(connection, data),
    onPing() {},
    onPong() {},
    onClose() {},
    onError() {},
  };
  let reader = new HeadReader();
  socket.setNoDelay();

  function receive(chunk) {
    if (reader !== undefined) {
      const received = reader.push(chunk);
      if (received === undefined) return;
      reader = undefined;
      judgeHead(received.head);
      chunk = received.rest;
    }
    connection.dispatch(chunk, handler);
    if (connection.outgoingLength > 0) socket.write(connection.takeOutgoing());
    if (connection.state !== 'closed') return;
    // RFC 6455 section 7.1.1: the server closes the TCP connection first; the client waits for it, though not for ever.
    if (role === 'server') socket.end();
    else socket.setTimeout(KEPT_OPEN, () => socket.destroy());
  }

  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => {
      try {
        receive(chunk);
      } catch (error) {
        socket.destroySoon();
        reject(error);
      }
    });
    socket.on('end', () => connection.receiveEnd());
    socket.on('error', (error) => (reader === undefined ? undefined : reject(error)));
    socket.on('close', () => resolve(connection));
  });
}
