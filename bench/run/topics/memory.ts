// What topics take of memory and time without any socket: 100,000 members with 10 subscriptions each, and what compression keeps for a
// topic and for a subscriber. In processes of their own, with --expose-gc: `measureMemory` starts them.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { Connection, PreparedMessage, TopicHub } from '../../../src/index.js';
import { makeUpdates } from './updates.js';

export interface MemoryResult {
  /** Bytes of the heap for each of a million subscriptions, and nanoseconds to make one. */
  readonly subscriptionBytes: number;
  readonly subscriptionTime: number;
  /** Nanoseconds for each of 10,000 receivers of a publish, without sending. */
  readonly receiverTime: number;
  /** Bytes of the pool for a topic, and of the heap for a subscriber that has received messages. */
  readonly topicBytes: number;
  readonly subscriberBytes: number;
}

const MEMBERS = 100_000;
const TOPICS_EACH = 10;
const RECEIVERS = 10_000;
const PUBLISHES = 100;

/** What compression keeps for a topic and all its subscribers together, in bytes. */
interface CompressionMemory {
  readonly topicBytes: number;
  /** Of the heap: what messages add, with the code that V8 compiles for them. */
  readonly heapBytes: number;
}

/** @param node the program */
export function measureMemory(node: string): MemoryResult {
  const run = <T>(...args: readonly string[]): T => {
    const output = execFileSync(node, ['--expose-gc', fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });
    return JSON.parse(output) as T;
  };
  const [some, twice] = [RECEIVERS, 2 * RECEIVERS].map((receivers) => run<CompressionMemory>(String(receivers)));
  // The same code is compiled for both: the difference is that of the subscribers.
  const subscriberBytes = Math.max(0, twice!.heapBytes - some!.heapBytes) / RECEIVERS;
  return { ...run<HubMemory>(), topicBytes: some!.topicBytes, subscriberBytes };
}

function heapUsed(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

class Member {
  count = 0;
  sendPrepared(_message: PreparedMessage): void {
    this.count++;
  }
}

type HubMemory = Pick<MemoryResult, 'subscriptionBytes' | 'subscriptionTime' | 'receiverTime'>;

function measureHub(): HubMemory {
  const members = Array.from({ length: MEMBERS }, () => new Member());
  const hub = new TopicHub<Member>();
  const before = heapUsed();
  const start = performance.now();
  // A hundred topics of 10,000 members each.
  for (const [i, member] of members.entries()) {
    for (let k = 0; k < TOPICS_EACH; k++) hub.subscribe(member, `topic ${(i % 10) * TOPICS_EACH + k}`);
  }
  const subscriptionTime = ((performance.now() - start) * 1e6) / MEMBERS / TOPICS_EACH;
  const subscriptionBytes = (heapUsed() - before) / MEMBERS / TOPICS_EACH;
  const message = new PreparedMessage('x');
  const publish = () => {
    for (let i = 0; i < PUBLISHES; i++) hub.publish(`topic ${i}`, message);
  };
  publish();
  const began = performance.now();
  publish();
  const receiverTime = ((performance.now() - began) * 1e6) / PUBLISHES / RECEIVERS;
  return { subscriptionBytes, subscriptionTime, receiverTime };
}

function measureCompression(receivers: number): CompressionMemory {
  // The pool has room for all of them.
  const deflate = new PerMessageDeflate({ threshold: 0, inflateTakeover: false, poolLength: 512 << 20 });
  const hub = new TopicHub<Connection>();
  const answer = deflate.answer([{ name: 'permessage-deflate', parameters: [] }]);
  const connections = Array.from({ length: receivers }, () => {
    const connection = new Connection({ role: 'server' }, deflate.forServer(answer));
    hub.subscribe(connection, 'prices');
    return connection;
  });
  const publish = (text: string, compress = true) => {
    hub.publish('prices', text, { compress });
    for (const connection of connections) connection.releaseOutgoing(connection.takeOutgoing());
  };
  const updates = makeUpdates(20, 500, 1);
  // A message of its own first: what a connection has for compressing whatever it sends is not counted.
  for (const connection of connections) {
    connection.sendText(updates[0]!);
    connection.takeOutgoing();
  }
  // One without compression fills the process's pool of memory for frames, which has a bound: only what each subscriber adds is counted.
  publish('short', false);
  const pool = deflate.poolUse.usedLength;
  const before = heapUsed();
  for (const update of updates) publish(update);
  const topicBytes = deflate.poolUse.usedLength - pool;
  const heapBytes = heapUsed() - before;
  if (topicBytes === 0) throw new Error('the topic has no history');
  return { topicBytes, heapBytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [receivers] = process.argv.slice(2);
  console.log(JSON.stringify(receivers === undefined ? measureHub() : measureCompression(Number(receivers))));
}
