// `Bun.serve` with a TopicHub; prints its port.

import { Topics } from './topics-hub.mjs';

const topics = new Topics();
const { port } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('', { status: 400 })),
  websocket: {
    open: (socket) => topics.open(socket, (payload) => socket.send(payload)),
    message: (socket, text) => topics.message(socket, text),
    close: (socket) => topics.close(socket),
  },
});
console.log(port);
