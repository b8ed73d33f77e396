// The topics of one server: a TopicHub over its WebSockets, for data in all the shapes that `send` takes.

import type { PreparedMessage } from '../../frames/prepared-message.js';
import { describeValue } from '../../protocol/option-checks.js';
import type { Relay, RelayedMessage } from '../../topics/relay.js';
import { TopicHub } from '../../topics/topic-hub.js';
import { inBatch } from '../socket/writes/write-batch.js';
import { type Sendable, type SendOptions, toBuffer, toPayload } from '../websocket/sendable.js';
import { OPEN, type ReadyState } from '../websocket/websocket-events.js';

/** What a server needs of its WebSockets to publish to them. */
export interface TopicMember {
  readonly readyState: ReadyState;
  sendPrepared(message: PreparedMessage): void;
}

/** How a message is published. */
export type TopicPublishOptions = Pick<SendOptions, 'binary' | 'compress'>;

export class ServerTopics {
  #relay: Relay | undefined;
  #onRelayError: (error: Error) => void = () => {};
  readonly hub = new TopicHub<TopicMember>({ isOpen: ({ readyState }) => readyState === OPEN });

  /**
   * @param except a WebSocket that does not get it
   * @returns how many bytes the message has; 0 if nobody is to get it
   * @throws TypeError for a topic that is not a string, and data that cannot be published, a Blob included
   */
  publish(
    topic: string,
    data: Sendable,
    options: TopicPublishOptions | undefined,
    except: TopicMember | undefined,
  ): number {
    const payload = toPublishable(data);
    const prepareOptions = toPrepareOptions(data, options);
    let count = 0;
    try {
      inBatch(() => {
        count = this.hub.publish(topic, payload, prepareOptions, except);
      });
    } finally {
      // All subscribers have the message, even if sending it to one of them has thrown.
      if (this.#relay !== undefined) this.#relayOn(this.#relay, topic, payload, prepareOptions.binary);
    }
    return count === 0 ? 0 : Buffer.byteLength(payload);
  }

  /**
   * Passes on what is published here, and publishes here what comes.
   *
   * @param onError receives the errors of messages that could not be passed on or published
   * @throws Error for a second relay; what the relay throws
   */
  async useRelay(relay: Relay, onError: (error: Error) => void): Promise<void> {
    if (this.#relay !== undefined) throw new Error('this server has a relay');
    if (typeof relay?.publish !== 'function' || typeof relay.subscribe !== 'function') {
      throw new TypeError(`useRelay takes a relay, with publish and subscribe, not ${describeValue(relay)}`);
    }
    this.#relay = relay;
    this.#onRelayError = onError;
    try {
      await relay.subscribe((message) => this.#deliver(message));
    } catch (error) {
      this.#relay = undefined;
      throw error;
    }
  }

  #deliver({ topic, data }: RelayedMessage): void {
    try {
      inBatch(() => this.hub.publish(topic, data));
    } catch (error) {
      this.#onRelayError(error as Error);
    }
  }

  #relayOn(relay: Relay, topic: string, payload: string | Uint8Array, isBinary: boolean): void {
    const isText = typeof payload === 'string';
    const data = isText === !isBinary ? payload : isText ? Buffer.from(payload) : toBuffer(payload).toString();
    const onError = (error: unknown) => this.#onRelayError(error as Error);
    try {
      Promise.resolve(relay.publish({ topic, data, namespace: '' })).catch(onError);
    } catch (error) {
      onError(error);
    }
  }

  /** Of a WebSocket that has ended. */
  leave(member: object): void {
    this.hub.leave(member as TopicMember);
  }

  setPrimer(topic: string, data: Sendable | undefined, options: TopicPublishOptions | undefined): void {
    if (data === undefined) this.hub.setPrimer(topic, undefined);
    else this.hub.setPrimer(topic, toPublishable(data), toPrepareOptions(data, options));
  }
}

/** @throws TypeError */
function toPublishable(data: Sendable): string | Uint8Array {
  const payload = toPayload(data);
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload;
  throw new TypeError('a Blob cannot be published: read it first');
}

/** @throws TypeError for what is no object, such as the third argument of other libraries */
function toPrepareOptions(data: Sendable, options: TopicPublishOptions = {}): { binary: boolean; compress: boolean } {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options of publish are an object such as { compress: true }, not ${String(options)}`);
  }
  const isText = typeof data === 'string' || typeof data === 'number';
  return { binary: options.binary ?? !isText, compress: options.compress ?? true };
}
