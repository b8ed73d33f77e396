// Topics as a WebSocket of a server has them. Programs have methods and fields of the same names on their WebSockets: all of these
// can be assigned and overridden, and nothing of ours calls them.

import { EventTargetEmitter, SELF } from '../websocket/event-target.js';
import type { Sendable } from '../websocket/sendable.js';
import { CLOSED, OPEN, type ReadyState } from '../websocket/websocket-events.js';
import type { ServerTopics, TopicMember, TopicPublishOptions } from './server-topics.js';

/** The key of what a WebSocket says about its topics. */
export const TOPICS = Symbol('topics');

interface WithTopics extends TopicMember {
  readonly [TOPICS]: ServerTopics | undefined;
}

/** An EventTargetEmitter that takes part in topics. */
export abstract class TopicEmitter<Self extends TopicMember> extends EventTargetEmitter<Self> {
  abstract get readyState(): ReadyState;
  /** The topics of its server; undefined for a client. @internal */
  abstract get [TOPICS](): ServerTopics | undefined;

  /** The topics that this WebSocket is subscribed to. */
  declare subscriptions: string[];

  // A property to TypeScript: a class that extends this one may have a field of the name, which it may not have beside an accessor.
  static {
    Object.defineProperty(TopicEmitter.prototype, 'subscriptions', {
      configurable: true,
      get(this: WithTopics): string[] {
        return this[TOPICS]?.hub.subscriptions(this) ?? [];
      },
      set(this: WithTopics, value: unknown) {
        Object.defineProperty(this, 'subscriptions', { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }

  /**
   * Subscribes to a topic of the server: this WebSocket then gets the messages that are published there. It leaves all its topics
   * when it closes.
   *
   * @param topic any string; topics match exactly
   * @returns true; false if the WebSocket is not open
   * @throws Error for a client's WebSocket; TypeError for a topic that is not a string
   */
  subscribe(topic: string): boolean {
    const topics = this.#requireTopics();
    if (this.readyState !== OPEN) return false;
    topics.hub.subscribe(this[SELF], topic);
    return true;
  }

  /** Ends a subscription. @returns whether there was one. Errors are those of `subscribe` */
  unsubscribe(topic: string): boolean {
    return this.#requireTopics().hub.unsubscribe(this[SELF], topic);
  }

  /** Whether this WebSocket is subscribed to a topic. Errors are those of `subscribe`. */
  isSubscribed(topic: string): boolean {
    return this.#requireTopics().hub.isSubscribed(this[SELF], topic);
  }

  /**
   * Sends a message to all subscribers of a topic but this WebSocket, which need not be one of them. See `WebSocketServer.publish`.
   *
   * @param data what `send` takes, except a Blob
   * @returns the length of the message in bytes; 0 without other subscribers, or if this WebSocket is closed
   * @throws Error for a client's WebSocket; TypeError for a topic that is not a string, and for data that cannot be published
   */
  publish(topic: string, data: Sendable, options?: TopicPublishOptions): number {
    const topics = this.#requireTopics();
    return this.readyState === CLOSED ? 0 : topics.publish(topic, data, options, this[SELF]);
  }

  #requireTopics(): ServerTopics {
    const topics = this[TOPICS];
    if (topics === undefined) throw new Error('topics are for the WebSockets of a server');
    return topics;
  }
}
