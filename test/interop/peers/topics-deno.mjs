// `Deno.serve` with a TopicHub; prints its port.

import { Topics } from './topics-hub.mjs';

const topics = new Topics();
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => topics.open(socket, (payload) => socket.send(payload));
  socket.onmessage = ({ data }) => topics.message(socket, data);
  socket.onclose = () => topics.close(socket);
  return response;
});
