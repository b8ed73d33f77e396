// Topics across processes by way of Redis: pub/sub on one channel, with the program's own client. Redis keeps nothing for
// subscribers that are away: what is lost so is counted and reported, and nothing comes twice.

import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { describeValue } from '../../../protocol/option-checks.js';
import type { Relay, RelayedMessage } from '../../../topics/relay.js';
import { TypedEmitter } from '../../websocket/websocket-events.js';
import { ASK, BINARY, POSITION, readEnvelope, TEXT, writeEnvelope } from './envelope.js';

/** What is used of a client of the package `redis` or `ioredis`. */
export interface RedisClient {
  /** Publishes on a channel; rejected if the client cannot. */
  publish(channel: string, message: Buffer): Promise<unknown>;
  /** A second connection: one that subscribes can do nothing else. */
  duplicate(): object;
}

/** A connection of `redis`. */
interface NodeRedisSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: Buffer) => void, asBuffers: true): Promise<unknown>;
  on(event: string, listener: (error: Error) => void): unknown;
  destroy(): void;
}

/** A connection of `ioredis`. */
interface IoredisSubscriber {
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  disconnect(): void;
}

/** Messages that did not arrive. */
export interface RelayLoss {
  /** Whose; `RedisRelay.id` if they are our own. */
  readonly publisher: string;
  /** How many messages are lost. */
  readonly count: number;
  /** Why our own could not be published. Redis may have passed one on before the connection broke. */
  readonly cause?: unknown;
}

/** The events of a `RedisRelay`, with their arguments. */
export interface RedisRelayEvents {
  /** Messages were lost, of another process on their way to us or of our own on their way out. */
  loss: [loss: RelayLoss];
  /** The connection that receives is gone. The client makes a new one. */
  outage: [error: Error];
  /** It is there again; what was missed is reported by `loss`. */
  restored: [];
}

/** The options of a `RedisRelay`. */
export interface RedisRelayOptions {
  /** The channel that all processes use. Default `'wsimd'`. */
  readonly channel?: string;
}

/** Publishers that have not been heard of for longest are forgotten, above so many. */
const MOST_PUBLISHERS = 4096;

/** Milliseconds before what the client could not publish is said again; twice as many after each failure. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 5000;

/** What a relay says of itself, rather than of a message. */
type Statement = typeof ASK | typeof POSITION;

/**
 * A relay over Redis.
 *
 * ```ts
 * const client = await createClient().connect();
 * const relay = new RedisRelay(client);
 * relay.on('loss', ({ publisher, count }) => console.warn(`${count} messages of ${publisher} are lost`));
 * await server.useRelay(relay);
 * ```
 *
 * The client must publish on one connection, in order: no pool.
 */
export class RedisRelay extends TypedEmitter<RedisRelayEvents> implements Relay {
  /** Names this publisher to the others. */
  readonly id = randomBytes(8).toString('hex');
  readonly #client: RedisClient;
  readonly #channel: string;
  #number = 0;
  /** By publisher: the number of its last message. */
  readonly #numbers = new Map<string, number>();
  #subscriber: NodeRedisSubscriber | IoredisSubscriber | undefined;
  /** What the others are still to hear: the client may be back later than what receives. */
  readonly #unsaid = new Set<Statement>();
  #isSaying = false;
  #isDown = false;
  #isClosed = false;

  /**
   * @param client connected, or about to be; it stays the program's, which listens to its errors and closes it
   * @throws TypeError for something other than a client of `redis` or `ioredis`, or a channel that is not a string
   */
  constructor(client: RedisClient, { channel = 'wsimd' }: RedisRelayOptions = {}) {
    super();
    const { publish, duplicate }: Partial<RedisClient> = client ?? {};
    if (typeof publish !== 'function' || typeof duplicate !== 'function') {
      throw new TypeError(`a RedisRelay takes a client of the package redis or ioredis, not ${describeValue(client)}`);
    }
    if (typeof channel !== 'string') throw new TypeError(`channel is a string, not ${describeValue(channel)}`);
    this.#client = client;
    this.#channel = channel;
  }

  /** Passes on a message of this process. If Redis does not take it, `loss` is emitted. */
  publish(message: RelayedMessage): void {
    const kind = typeof message.data === 'string' ? TEXT : BINARY;
    const bytes = writeEnvelope(kind, this.id, ++this.#number, message);
    this.#client.publish(this.#channel, bytes).catch((cause: unknown) => {
      this.emit('loss', { publisher: this.id, count: 1, cause });
    });
  }

  /** @throws what the client throws when it cannot connect or subscribe */
  async subscribe(deliver: (message: RelayedMessage) => void): Promise<void> {
    if (this.#subscriber !== undefined) throw new Error('this relay has been subscribed to: each server has its own');
    const subscriber = this.#client.duplicate() as NodeRedisSubscriber | IoredisSubscriber;
    this.#subscriber = subscriber;
    const down = (error: Error) => {
      if (this.#subscriber === subscriber) this.#down(error);
    };
    subscriber.on('error', down);
    const receive = (bytes: Buffer) => this.#receive(bytes, deliver);
    try {
      if ('pSubscribe' in subscriber) {
        const client = subscriber as NodeRedisSubscriber;
        await client.connect();
        await client.subscribe(this.#channel, receive, true);
      } else {
        const client = subscriber as IoredisSubscriber;
        client.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => receive(bytes));
        client.on('close', () => down(new Error('the connection to Redis is closed')));
        await client.subscribe(this.#channel);
      }
    } catch (error) {
      // It can be tried again.
      this.#subscriber = undefined;
      this.#isDown = false;
      disconnect(subscriber);
      throw error;
    }
    // From now on: what is ready again has subscribed again.
    const up = () => {
      // ioredis is ready before it has subscribed again.
      const isSubscribed =
        'pSubscribe' in subscriber ? undefined : (subscriber as IoredisSubscriber).subscribe(this.#channel);
      Promise.resolve(isSubscribed).then(
        () => this.#up(),
        (error: Error) => this.#down(error),
      );
    };
    subscriber.on('ready', up);
  }

  /** Ends what receives; the client goes on. */
  close(): void {
    this.#isClosed = true;
    const subscriber = this.#subscriber;
    if (subscriber !== undefined) disconnect(subscriber);
  }

  /** Says it to the others, again and again until the client can. */
  async #say(...statements: Statement[]): Promise<void> {
    for (const statement of statements) this.#unsaid.add(statement);
    if (this.#isSaying) return;
    this.#isSaying = true;
    let delay = FIRST_RETRY;
    while (this.#unsaid.size > 0 && !this.#isClosed) {
      const statement = [...this.#unsaid][0]!;
      // Removed before it is sent, so that a relay that asks meanwhile is answered again.
      this.#unsaid.delete(statement);
      try {
        await this.#client.publish(this.#channel, writeEnvelope(statement, this.id, this.#number));
      } catch {
        this.#unsaid.add(statement);
        await setTimeout(delay, undefined, { ref: false });
        delay = Math.min(2 * delay, LONGEST_RETRY);
      }
    }
    this.#isSaying = false;
  }

  #down(error: Error): void {
    if (this.#isDown || this.#isClosed) return;
    this.#isDown = true;
    this.emit('outage', error);
  }

  #up(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.emit('restored');
    // And who asked before we were there again gets an answer.
    this.#say(ASK, POSITION);
  }

  #receive(bytes: Buffer, deliver: (message: RelayedMessage) => void): void {
    const envelope = readEnvelope(bytes);
    if (envelope === undefined || envelope.publisher === this.id || this.#isClosed) return;
    const { kind, publisher, number, topic, data } = envelope;
    const isMessage = kind === TEXT || kind === BINARY;
    const last = this.#numbers.get(publisher);
    // The first that is heard of a publisher may be in the middle of what it says.
    const missed = last === undefined ? 0 : number - last - Number(isMessage);
    if (last === undefined || number > last) this.#note(publisher, number);
    if (missed > 0) this.emit('loss', { publisher, count: missed });
    if (kind === ASK) this.#say(POSITION);
    // What was there already does not come twice.
    if (!isMessage || missed < 0) return;
    deliver({ topic, data: kind === TEXT ? data.toString() : data, namespace: '' });
  }

  #note(publisher: string, number: number): void {
    this.#numbers.delete(publisher);
    this.#numbers.set(publisher, number);
    if (this.#numbers.size <= MOST_PUBLISHERS) return;
    const [oldest] = this.#numbers.keys();
    this.#numbers.delete(oldest!);
  }
}

function disconnect(subscriber: NodeRedisSubscriber | IoredisSubscriber): void {
  if ('destroy' in subscriber) subscriber.destroy();
  else subscriber.disconnect();
}
