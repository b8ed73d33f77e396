// What a WebSocket has for those who operate it: how it ended. Programs have properties of these names on their WebSockets: all of them
// can be assigned and overridden, and nothing of ours reads them.

import type { Socket } from 'node:net';
import type { InspectOptions } from 'node:util';
import { CLOSE_NORMAL } from '../../../assembly/shared/protocol.js';
import { INSPECT, showState } from '../observe/inspect.js';
import { type SocketStats, socketStats } from '../observe/stats.js';
import type { Link } from '../socket/link.js';
import type { ServerTopics, TopicMember } from '../topics/server-topics.js';
import { TOPICS, TopicEmitter } from '../topics/topic-emitter.js';
import { WAS_CLEAN } from '../websocket/event-target.js';
import { CLOSED, CONNECTING, STATE_NAMES } from '../websocket/websocket-events.js';
import { ENDED, NOT_OPENED, type SocketClosed } from './ending.js';

/** The key of the open connection of a WebSocket. */
export const LINK = Symbol('link');

/** A TopicEmitter that can be operated. */
export abstract class OperableEmitter<Self extends TopicMember> extends TopicEmitter<Self> {
  #closed: Promise<SocketClosed> | undefined;
  #settle: ((closed: SocketClosed) => void) | undefined;

  /** @internal */
  abstract get [LINK](): Link | undefined;
  abstract get protocol(): string;
  abstract get extensions(): string;
  abstract get url(): string;
  abstract close(closeCode?: number, reason?: string): void;

  /** @internal */
  get [TOPICS](): ServerTopics | undefined {
    return this[LINK]?.config.topics;
  }

  /** @internal */
  override get [WAS_CLEAN](): boolean {
    return this[LINK]?.wasClean ?? false;
  }

  /**
   * Fulfilled when the connection has ended, or has failed to open; never rejected.
   *
   * ```ts
   * socket.close(1000);
   * const { closeCode, wasClean } = await socket.closed;
   * ```
   */
  declare closed: Promise<SocketClosed>;

  // A property to TypeScript: a class that extends this one may have a field of the name, which it may not have beside an accessor.
  static {
    Object.defineProperty(OperableEmitter.prototype, 'closed', {
      configurable: true,
      get(this: OperableEmitter<TopicMember>): Promise<SocketClosed> {
        return this.#whenClosed();
      },
      set(this: object, value: unknown) {
        Object.defineProperty(this, 'closed', { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }

  /** What went through the connection so far, and what is pending: the last state if it has ended, zeros before it is open. */
  stats(): SocketStats {
    return socketStats(this[LINK]);
  }

  /** Shows the state and the fields of the program. @internal */
  [INSPECT](depth: number, options: InspectOptions): string {
    const { readyState, protocol, extensions, url } = this;
    const { remoteAddress, remotePort } = (this[LINK]?.socket ?? {}) as Partial<Socket>;
    const peer = url || (remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`);
    const { bytesReceived, bytesSent, messagesReceived, messagesSent, buffered } = this.stats();
    const traffic = { bytesReceived, bytesSent, messagesReceived, messagesSent, buffered };
    const state = { readyState: STATE_NAMES[readyState], peer, protocol, extensions, ...traffic };
    return showState(this, state, depth, options);
  }

  /** Closes the connection with 1000, and waits until it has ended: `await using socket = await connect(url)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    // An attempt that is given up fails.
    if (this.readyState === CONNECTING) this.on('error', () => {});
    this.close(CLOSE_NORMAL);
    await this.#whenClosed();
  }

  /** @internal */
  [ENDED](ending: SocketClosed): void {
    this.#settle?.(ending);
  }

  #whenClosed(): Promise<SocketClosed> {
    this.#closed ??= new Promise((resolve) => {
      this.#settle = resolve;
      const ending = this[LINK]?.ending;
      if (ending !== undefined) resolve(ending);
      else if (this.readyState === CLOSED) resolve(NOT_OPENED);
    });
    return this.#closed;
  }
}
