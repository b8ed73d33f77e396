// Hands messages to a listener one by one. While a promise of the listener's is pending, messages are queued.

import { beginTurn, DELIVERY_COST, isTurnSpent, spend } from '../../messages/turn.js';
import { isThenable } from '../../protocol/option-checks.js';
import { nextTurn } from '../turns.js';
import type { Inbox } from './inbox.js';
import { costOf, type Message } from './message.js';

export interface ListenerInboxEvents {
  readonly onMessage: (message: Message) => unknown;
  /** Messages have been taken from the queue, in a turn of their own. */
  readonly onTaken: () => void;
  /** The listener has thrown, or its promise was rejected. @returns whether messages are discarded from now on */
  readonly onError: (error: unknown) => boolean;
}

export class ListenerInbox implements Inbox {
  readonly readable = new ReadableStream<Message>({
    start: (controller) => controller.error(new TypeError('messages go to onMessage, not to readable')),
  });
  isCalling = false;
  /** A promise of the listener's is pending, or the next turn. */
  isWaiting = false;
  readonly #highWaterMark: number;
  readonly #events: ListenerInboxEvents;
  /** Messages from `#next` on have not been handed out. */
  #queue: (Message | undefined)[] = [];
  #next = 0;
  #queuedCost = 0;
  #isStopped = false;

  constructor(highWaterMark: number, events: ListenerInboxEvents) {
    this.#highWaterMark = highWaterMark;
    this.#events = events;
  }

  get room(): number {
    if (this.#isStopped) return Number.POSITIVE_INFINITY;
    const room = this.#highWaterMark - this.#queuedCost;
    return this.isWaiting ? room : Math.max(room, 1);
  }

  deliver(message: Message): void {
    if (this.#isStopped) return;
    if (!this.isWaiting) {
      this.#call(message);
      return;
    }
    this.#queue.push(message);
    this.#queuedCost += costOf(message);
  }

  /** What is queued is still handed out. */
  end(): void {}
  fail(): void {}

  #call(message: Message): void {
    this.isCalling = true;
    try {
      const result = this.#events.onMessage(message);
      if (isThenable(result)) {
        this.isWaiting = true;
        Promise.resolve(result).then(
          () => this.#handOut(),
          (error: unknown) => {
            this.#failed(error);
            this.#handOut();
          },
        );
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.isCalling = false;
    }
  }

  /** Hands out what is queued, until a promise is pending again or the turn is spent. */
  #handOut(): void {
    this.isWaiting = false;
    while (this.#next < this.#queue.length && !this.isWaiting) {
      if (isTurnSpent()) {
        // A chain of promises alone would hold up all other connections.
        this.isWaiting = true;
        void nextTurn().then(() => {
          beginTurn();
          this.#handOut();
        });
        break;
      }
      spend(DELIVERY_COST);
      this.#call(this.#take());
    }
    this.#events.onTaken();
  }

  #take(): Message {
    const message = this.#queue[this.#next]!;
    this.#queue[this.#next++] = undefined;
    this.#queuedCost -= costOf(message);
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    return message;
  }

  #failed(error: unknown): void {
    if (!this.#events.onError(error)) return;
    this.#isStopped = true;
    this.#queue = [];
  }
}
