// RedisRelay over a Redis of a few lines, whose connections break and come back as a test says.

import type { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RedisRelay, type RelayLoss } from '../../../../../src/node/index.js';

type Listener = (message: Buffer) => void;

/** One channel, as a server of Redis keeps it. */
class Channel {
  readonly listeners = new Map<Subscriber, Listener>();

  say(message: Buffer): void {
    for (const [subscriber, listener] of this.listeners) if (subscriber.isUp) listener(message);
  }
}

/** A subscribing connection of the package `redis`. */
class Subscriber extends EventEmitter {
  isUp = true;
  /** How many times it refuses to subscribe. */
  refusals = 0;
  readonly pSubscribe = 'marks a client of the package redis';
  readonly #channel: Channel;

  constructor(channel: Channel) {
    super();
    this.#channel = channel;
  }

  async connect(): Promise<void> {}
  async subscribe(_name: string, listener: Listener): Promise<void> {
    if (this.refusals-- > 0) throw new Error('refused');
    this.#channel.listeners.set(this, listener);
  }
  destroy(): void {
    this.#channel.listeners.delete(this);
  }

  lose(): void {
    this.isUp = false;
    this.emit('error', new Error('the connection is gone'));
  }
  restore(): void {
    this.isUp = true;
    this.emit('ready');
  }
}

/** A publishing connection that queues nothing. */
class Client {
  isUp = true;
  tries = 0;
  readonly subscriber: Subscriber;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.subscriber = new Subscriber(channel);
  }

  async publish(_name: string, message: Buffer): Promise<void> {
    this.tries++;
    if (!this.isUp) throw new Error('not connected');
    this.#channel.say(message);
  }
  duplicate(): Subscriber {
    return this.subscriber;
  }
}

async function startRelay(channel: Channel) {
  const client = new Client(channel);
  const relay = new RedisRelay(client);
  const losses: RelayLoss[] = [];
  const received: unknown[] = [];
  relay.on('loss', (loss) => losses.push(loss));
  await relay.subscribe(({ data }) => received.push(data));
  const publish = (text: string) => relay.publish({ topic: 'news', data: text, namespace: '' });
  return { client, relay, losses, received, publish };
}

describe('RedisRelay', () => {
  it('can be subscribed again after Redis has refused', async () => {
    const channel = new Channel();
    const client = new Client(channel);
    const relay = new RedisRelay(client);
    const outages: Error[] = [];
    const received: unknown[] = [];
    relay.on('outage', (error) => outages.push(error));
    const { subscriber } = client;
    subscriber.refusals = 1;
    await expect(relay.subscribe(({ data }) => received.push(data))).rejects.toThrow('refused');
    subscriber.emit('error', new Error('of the connection that was given up'));
    await relay.subscribe(({ data }) => received.push(data));
    (await startRelay(channel)).publish('text');
    await expect.poll(() => received).toEqual(['text']);
    expect(outages).toEqual([]);
  });

  it.each([
    ['the publisher', 200, 0],
    ['the asker', 0, 200],
    ['both', 120, 250],
  ])('what was missed is reported though the publishing connection of %s comes back last', async (_who, ofA, ofB) => {
    const channel = new Channel();
    const [a, b] = [await startRelay(channel), await startRelay(channel)];
    a.publish('before');
    for (const { client } of [a, b]) {
      client.subscriber.lose();
      client.isUp = false;
    }
    for (const text of ['lost', 'lost too']) a.publish(text);
    await expect.poll(() => a.losses).toMatchObject([{ publisher: a.relay.id, count: 1 }, { count: 1 }]);
    for (const { client } of [a, b]) client.subscriber.restore();
    setTimeout(() => {
      a.client.isUp = true;
    }, ofA);
    setTimeout(() => {
      b.client.isUp = true;
    }, ofB);
    await expect.poll(() => b.losses).toEqual([{ publisher: a.relay.id, count: 2 }]);
    expect(b.received).toEqual(['before']);
    a.publish('after');
    expect(b.received).toEqual(['before', 'after']);
    expect(b.losses).toHaveLength(1);
  });

  it('one that is closed tries no more', async () => {
    const { client, relay } = await startRelay(new Channel());
    client.isUp = false;
    client.subscriber.lose();
    client.subscriber.restore();
    await expect.poll(() => client.tries).toBeGreaterThan(1);
    relay.close();
    // The try that was under way is the last.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { tries } = client;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(client.tries).toBe(tries);
  });
});
