// `Bun.serve` as a server: echoes, obeys, prints its port. Arguments: what its permessage-deflate is, as JSON; a certificate and
// its key, for TLS.

const [deflate, cert, key] = process.argv.slice(2);
let lastClose = '';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  ...(cert ? { tls: { cert: Bun.file(cert), key: Bun.file(key) } } : {}),
  fetch(request, server) {
    if (server.upgrade(request, { headers: { 'Sec-WebSocket-Protocol': 'echo' } })) return undefined;
    return new Response('not a WebSocket', { status: 400 });
  },
  websocket: {
    perMessageDeflate: JSON.parse(deflate),
    maxPayloadLength: 1 << 24,
    message(socket, message) {
      if (message === '!close') {
        socket.close(4001, 'the server’s reason');
      } else if (message === '!ping') {
        socket.ping('payload');
      } else {
        socket.send(message === '!last-close' ? lastClose : message, true);
      }
    },
    pong(socket, payload) {
      socket.send(payload.toString() === 'payload' ? 'ponged' : 'other');
    },
    close(_socket, code, reason) {
      lastClose = `${code} ${reason}`;
    },
  },
});
console.log(server.port);
