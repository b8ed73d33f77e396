// Relays of topics: between the workers of node:cluster, by way of the primary, and between the threads of one process. Neither loses
// a message while both ends live.

import cluster, { type Worker } from 'node:cluster';
import process from 'node:process';
import { BroadcastChannel } from 'node:worker_threads';
import { describeValue } from '../../../protocol/option-checks.js';
import type { Relay, RelayedMessage } from '../../../topics/relay.js';

/** A message between workers and the primary, among other messages of the program. JSON has no bytes, so they are Base64. */
interface ClusterMessage {
  readonly wsimd: string;
  readonly topic: string;
  readonly data: string;
  readonly isBinary: boolean;
}

function isClusterMessage(message: unknown, channel: string): message is ClusterMessage {
  return typeof message === 'object' && message !== null && (message as Partial<ClusterMessage>).wsimd === channel;
}

function requireName(relay: string, name: unknown): void {
  if (typeof name !== 'string') {
    throw new TypeError(`a ${relay} takes the name of a channel, a string, not ${describeValue(name)}`);
  }
}

/**
 * A relay between the workers of a cluster. The primary runs `ClusterRelay.forward()`.
 *
 * ```ts
 * if (cluster.isPrimary) {
 *   ClusterRelay.forward();
 *   cluster.fork();
 *   cluster.fork();
 * } else {
 *   await new WebSocketServer({ port: 8080 }).useRelay(new ClusterRelay());
 * }
 * ```
 */
export class ClusterRelay implements Relay {
  readonly #channel: string;

  /**
   * @param channel a name that all workers use; programs with several servers in each worker need one for each server
   * @throws TypeError for a name that is not a string
   */
  constructor(channel = 'topics') {
    requireName('ClusterRelay', channel);
    this.#channel = channel;
  }

  /** Passes on messages between workers. Call it once in the primary, with the channel of the relays. */
  static forward(channel = 'topics'): void {
    cluster.on('message', (from: Worker, message: unknown) => {
      if (!isClusterMessage(message, channel)) return;
      for (const worker of Object.values(cluster.workers ?? {})) {
        if (worker !== undefined && worker !== from && worker.isConnected()) worker.send(message, () => {});
      }
    });
  }

  /** Sends a message to the other workers. @returns a promise, rejected if this process is no worker, or its primary is gone */
  publish({ topic, data }: RelayedMessage): Promise<void> {
    const isBinary = typeof data !== 'string';
    const text = isBinary ? Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') : data;
    const message: ClusterMessage = { wsimd: this.#channel, topic, data: text, isBinary };
    return new Promise((resolve, reject) => {
      if (process.send === undefined) {
        reject(new Error('a ClusterRelay is for the workers of node:cluster'));
        return;
      }
      process.send(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  }

  subscribe(deliver: (message: RelayedMessage) => void): void {
    process.on('message', (message) => {
      if (!isClusterMessage(message, this.#channel)) return;
      const { topic, data, isBinary } = message;
      deliver({ topic, data: isBinary ? Buffer.from(data, 'base64') : data, namespace: '' });
    });
  }
}

/** A relay between the threads of one process, over a BroadcastChannel. It keeps no thread alive. */
export class ThreadRelay implements Relay {
  readonly #channel: BroadcastChannel;

  /** @param name the channel that all threads use @throws TypeError for a name that is not a string */
  constructor(name = 'wsimd topics') {
    requireName('ThreadRelay', name);
    this.#channel = new BroadcastChannel(name);
    this.#channel.unref();
  }

  publish({ topic, data }: RelayedMessage): void {
    this.#channel.postMessage({ topic, data });
  }

  subscribe(deliver: (message: RelayedMessage) => void): void {
    this.#channel.onmessage = (event: unknown) => {
      const { topic, data } = (event as { data: RelayedMessage }).data;
      deliver({ topic, data, namespace: '' });
    };
  }

  /** Closes the channel: nothing is sent or received any more. */
  close(): void {
    this.#channel.close();
  }
}
