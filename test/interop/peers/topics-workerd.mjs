// A Durable Object with a TopicHub: of a Worker, only that may send on the WebSockets of several requests.

import { Topics } from './topics-hub.mjs';

export class Room {
  #topics = new Topics();

  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    this.#topics.open(server, (payload) => server.send(payload));
    server.addEventListener('message', ({ data }) => this.#topics.message(server, data));
    server.addEventListener('close', ({ code }) => {
      this.#topics.close(server);
      server.close(code);
    });
    return new Response(null, { status: 101, webSocket: client });
  }
}

export default {
  fetch: (request, { ROOM }) => ROOM.get(ROOM.idFromName('room')).fetch(request),
};
