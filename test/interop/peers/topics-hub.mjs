// Topics over the WebSockets of whichever runtime: a text "+topic" subscribes, "-topic" unsubscribes, "topic:text" publishes to all others.

import { TopicHub } from 'wsimd';

export class Topics {
  #hub = new TopicHub();
  #members = new Map();

  /** @param send passes a string or bytes to the socket */
  open(socket, send) {
    this.#members.set(socket, { sendPrepared: ({ payload }) => send(payload) });
  }

  message(socket, text) {
    const member = this.#members.get(socket);
    if (text.startsWith('+')) this.#hub.subscribe(member, text.slice(1));
    else if (text.startsWith('-')) this.#hub.unsubscribe(member, text.slice(1));
    else {
      const [topic, data] = text.split(':');
      const count = this.#hub.publish(topic, data === 'bytes' ? Uint8Array.of(1, 2, 3) : data, {}, member);
      member.sendPrepared({ payload: `published to ${count}, of ${this.#hub.topicCount} topics` });
    }
  }

  close(socket) {
    this.#hub.leave(this.#members.get(socket));
    this.#members.delete(socket);
  }
}
