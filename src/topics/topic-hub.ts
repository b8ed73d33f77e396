// Publish and subscribe over anything that sends prepared messages: a message is framed once, and compressed at most a few times,
// for any number of subscribers. It knows no backpressure: in wsimd/node, `maxBackpressure` drops the messages of a subscriber that
// reads slowly, or ends it (`send` in node/websocket/websocket.ts).

import { MessageHistory } from '../frames/message-history.js';
import { PreparedMessage, type PrepareOptions } from '../frames/prepared-message.js';
import { Memberships } from './memberships.js';

/** Takes part in topics. A `Connection` does; so does an object that passes `message.payload` to another library. */
export interface Subscriber {
  /** Sends a message, or queues it. If it throws, the other subscribers still get the message. */
  sendPrepared(message: PreparedMessage): void;
}

/** How a message is published. */
export interface PublishOptions extends PrepareOptions {}

/** Options of a `TopicHub`. */
export interface TopicHubOptions<S extends Subscriber> {
  /** Whether a subscriber can be sent messages. One that can't is skipped. Default: all can. */
  readonly isOpen?: (subscriber: S) => boolean;
}

/** A topic that has subscribers, or a primer. */
export interface Topic<S> {
  readonly name: string;
  readonly subscribers: Set<S>;
  /** Subscribers that joined while a message was being sent. They don't get that message. */
  joining: Set<S> | undefined;
  /** The published messages, for compression; undefined while no subscribers share them. */
  history: MessageHistory | undefined;
  /** The message that new subscribers get first. */
  primer: PreparedMessage | undefined;
}

interface Publication<S> {
  readonly topic: Topic<S>;
  readonly message: PreparedMessage;
  /** The hub prepared it: it belongs to this topic alone, and to its history. */
  readonly isOwn: boolean;
  readonly except: S | undefined;
}

/** A single subscriber uses the history of its own connection, which is as good. */
const FEWEST_THAT_SHARE = 2;

/**
 * Topics and their subscribers.
 *
 * ```ts
 * const hub = new TopicHub<Connection>({ isOpen: (connection) => connection.state === 'open' });
 * hub.subscribe(connection, 'prices');
 * hub.publish('prices', JSON.stringify(price));
 * ```
 *
 * A topic is a string and matches exactly. It exists while it has subscribers or a primer.
 */
export class TopicHub<S extends Subscriber> {
  readonly #topics = new Map<string, Topic<S>>();
  readonly #memberships = new Map<S, Memberships<Topic<S>>>();
  readonly #isOpen: (subscriber: S) => boolean;
  /** The topic whose message is being sent. */
  #publishing: Topic<S> | undefined;
  /** Messages published while another one is being sent. */
  #queue: Publication<S>[] = [];

  constructor(options: TopicHubOptions<S> = {}) {
    this.#isOpen = options.isOpen ?? (() => true);
  }

  /** How many topics there are. */
  get topicCount(): number {
    return this.#topics.size;
  }

  /**
   * Subscribes to a topic. If the topic has a primer, the subscriber gets it at once. No effect if already subscribed.
   *
   * @throws TypeError for a topic that is not a string; the error of `sendPrepared` if it throws for the primer: the subscription has
   *   been made then
   */
  subscribe(subscriber: S, name: string): void {
    const topic = this.#open(name);
    if (isMember(topic, subscriber)) return;
    if (topic === this.#publishing) {
      topic.joining ??= new Set();
      topic.joining.add(subscriber);
    } else {
      topic.subscribers.add(subscriber);
    }
    let memberships = this.#memberships.get(subscriber);
    if (memberships === undefined) {
      memberships = new Memberships();
      this.#memberships.set(subscriber, memberships);
    }
    memberships.add(topic);
    if (topic.primer !== undefined && this.#isOpen(subscriber)) this.#sendPrimer(topic, topic.primer, subscriber);
  }

  /** Ends a subscription. @returns whether there was one @throws TypeError for a topic that is not a string */
  unsubscribe(subscriber: S, name: string): boolean {
    const topic = this.#topics.get(requireTopic(name));
    const memberships = this.#memberships.get(subscriber);
    if (topic === undefined || memberships?.delete(topic) !== true) return false;
    if (memberships.size === 0) this.#memberships.delete(subscriber);
    this.#remove(topic, subscriber);
    return true;
  }

  /** Ends all subscriptions of one subscriber, such as a connection that has ended. @returns whether there were any */
  leave(subscriber: S): boolean {
    const memberships = this.#memberships.get(subscriber);
    if (memberships === undefined) return false;
    this.#memberships.delete(subscriber);
    for (const topic of memberships.all()) this.#remove(topic, subscriber);
    return true;
  }

  /** Whether a subscriber is subscribed to a topic. @throws TypeError for a topic that is not a string */
  isSubscribed(subscriber: S, name: string): boolean {
    const topic = this.#topics.get(requireTopic(name));
    return topic !== undefined && isMember(topic, subscriber);
  }

  /** The topics of one subscriber, in no particular order. */
  subscriptions(subscriber: S): string[] {
    return Array.from(this.#memberships.get(subscriber)?.all() ?? [], ({ name }) => name);
  }

  /** The number of subscribers of a topic; 0 for one that does not exist. @throws TypeError for a topic that is not a string */
  subscriberCount(name: string): number {
    const topic = this.#topics.get(requireTopic(name));
    return topic === undefined ? 0 : topic.subscribers.size + (topic.joining?.size ?? 0);
  }

  /**
   * Sends a message to all subscribers of a topic. If another message is being sent, because an error listener calls this for example,
   * that one goes to everybody first, so that all subscribers get messages in the same order.
   *
   * @param data a string, bytes, or a prepared message, which has options of its own: `options` are ignored then
   * @param except a subscriber that does not get it
   * @returns how many subscribers the message is for, those that are not open included
   * @throws TypeError for a topic that is not a string; the error of a subscriber that threw, once the others have the message
   */
  publish(
    name: string,
    data: string | Uint8Array | PreparedMessage,
    options: PublishOptions = {},
    except?: S | undefined,
  ): number {
    const topic = this.#topics.get(requireTopic(name));
    if (topic === undefined) return 0;
    const isLeftOut = except !== undefined && isMember(topic, except);
    const count = topic.subscribers.size + (topic.joining?.size ?? 0) - Number(isLeftOut);
    if (count === 0) return 0;
    const isOwn = !(data instanceof PreparedMessage);
    const message = isOwn ? new PreparedMessage(data, options) : data;
    const publication = { topic, message, isOwn, except };
    if (this.#publishing !== undefined) this.#queue.push(publication);
    else this.#sendAll(publication);
    return count;
  }

  /**
   * Sets the message that new subscribers of a topic get first, such as a snapshot or a schema. With takeover, compressed messages can
   * refer to it at once. Subscribers that the topic already has don't get it.
   *
   * @param data undefined removes the primer
   * @throws TypeError for a topic that is not a string, or data that is neither a string nor bytes
   */
  setPrimer(name: string, data: string | Uint8Array | undefined, options: PublishOptions = {}): void {
    if (data === undefined) {
      const topic = this.#topics.get(requireTopic(name));
      if (topic === undefined) return;
      topic.primer = undefined;
      this.#closeIfEmpty(topic);
    } else {
      const primer = new PreparedMessage(data, options);
      this.#open(name).primer = primer;
    }
  }

  #open(name: string): Topic<S> {
    let topic = this.#topics.get(requireTopic(name));
    if (topic === undefined) {
      topic = { name, subscribers: new Set(), joining: undefined, history: undefined, primer: undefined };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #remove(topic: Topic<S>, subscriber: S): void {
    if (!topic.subscribers.delete(subscriber)) topic.joining?.delete(subscriber);
    this.#closeIfEmpty(topic);
  }

  #closeIfEmpty(topic: Topic<S>): void {
    const count = topic.subscribers.size + (topic.joining?.size ?? 0);
    if (count > 0) return;
    topic.history?.release();
    topic.history = undefined;
    if (topic.primer === undefined) this.#topics.delete(topic.name);
  }

  #sendPrimer(topic: Topic<S>, primer: PreparedMessage, subscriber: S): void {
    topic.history ??= new MessageHistory();
    primer.place = topic.history.next(1, true);
    subscriber.sendPrepared(primer);
  }

  /** Sends a message, then those that are published meanwhile. @throws the last error that a subscriber threw */
  #sendAll(first: Publication<S>): void {
    let failure: { readonly error: unknown } | undefined;
    for (let next: Publication<S> | undefined = first; next !== undefined; next = this.#queue.shift()) {
      failure = this.#send(next) ?? failure;
    }
    if (failure !== undefined) throw failure.error;
  }

  /** @returns the last error that a subscriber threw */
  #send({ topic, message, isOwn, except }: Publication<S>): { readonly error: unknown } | undefined {
    let failure: { readonly error: unknown } | undefined;
    const isOpen = this.#isOpen;
    if (isOwn) {
      if (topic.subscribers.size >= FEWEST_THAT_SHARE) topic.history ??= new MessageHistory();
      message.place = topic.history?.next(topic.subscribers.size);
    }
    this.#publishing = topic;
    for (const subscriber of topic.subscribers) {
      if (subscriber === except || !isOpen(subscriber)) continue;
      try {
        subscriber.sendPrepared(message);
      } catch (error) {
        failure = { error };
      }
    }
    this.#publishing = undefined;
    if (topic.joining !== undefined) {
      for (const subscriber of topic.joining) topic.subscribers.add(subscriber);
      topic.joining = undefined;
    }
    return failure;
  }
}

function isMember<S>({ subscribers, joining }: Topic<S>, subscriber: S): boolean {
  return subscribers.has(subscriber) || joining?.has(subscriber) === true;
}

/** @throws TypeError */
function requireTopic(name: string): string {
  if (typeof name !== 'string') throw new TypeError(`a topic is a string, not ${typeof name}`);
  return name;
}
