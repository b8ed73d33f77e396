// Random programs with topics: connections come and go, subscribe, get primers, private messages of all kinds and messages of several
// topics. Each client inflates with a window of its own (receiver.ts).

import { constants, deflateRawSync } from 'node:zlib';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/index.js';
import { Connection, FrameEncoder, type MessageHandler, type PreparedMessage, TopicHub } from '../../../src/index.js';
import type { KernelName } from '../../../src/kernel/kernel.js';
import { type CorpusName, messageOf, TEXT_CORPORA } from '../../support/inputs/corpora.js';
import { createRandom } from '../../support/inputs/random.js';
import { Receiver } from './receiver.js';

export interface Simulation {
  readonly seed: number;
  readonly deliveries: number;
  readonly kernel: KernelName;
  /** One in so many compressed messages is read by the strict reader as well. */
  readonly strictEvery: number;
}

export interface Outcome {
  deliveries: number;
  clients: number;
  plainLength: number;
  compressedLength: number;
}

const TOPICS = ['a', 'b', 'c', 'd'];
const MOST_CLIENTS = 24;
const MOST_OF_TEXT = 16_384;
const SPACE = 0x20;

class Client {
  readonly connection: Connection;
  readonly receiver: Receiver;
  /** Messages that it sends later. */
  #late: PreparedMessage[] | undefined;
  /** The message that it is receiving, in turns. */
  #incoming: Uint8Array | undefined;

  constructor(connection: Connection, receiver: Receiver) {
    this.connection = connection;
    this.receiver = receiver;
  }

  sendPrepared(message: PreparedMessage): void {
    if (this.#late === undefined) this.#send(message);
    else this.#late.push(message);
  }

  #send(message: PreparedMessage): void {
    this.receiver.expect(bytesOf(message));
    this.connection.sendPrepared(message);
    this.take();
  }

  /** Sends what comes not before `catchUp`. */
  fallBehind(): void {
    this.#late ??= [];
  }

  catchUp(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const message of late) this.#send(message);
  }

  /** Begins to receive a compressed message, or goes on with the one under way. */
  receive({ message, frame }: Incoming): void {
    if (this.#incoming !== undefined) {
      this.connection.continue(this.#handler);
      return;
    }
    this.#incoming = message;
    this.connection.dispatch(frame.slice(), this.#handler);
  }

  receiveRest(): void {
    while (this.#incoming !== undefined) this.connection.continue(this.#handler);
  }

  readonly #handler: MessageHandler = {
    onText() {},
    onBinary: (data) => {
      if (Buffer.compare(data, this.#incoming!) !== 0) throw new Error('received something else than was sent');
      this.#incoming = undefined;
    },
    onPing() {},
    onPong() {},
    onClose() {},
    onError(error) {
      throw error;
    },
  };

  /** Passes on what is to be sent. */
  take(): void {
    if (this.connection.outgoingLength > 0) this.receiver.receive(this.connection.takeOutgoing());
  }

  sendSlices(): void {
    while (this.connection.hasSlices) {
      this.connection.sendNextSlice();
      this.take();
    }
  }
}

/** A long message, and its frame, as a client sends it compressed. */
interface Incoming {
  readonly message: Uint8Array;
  readonly frame: Uint8Array;
}

/** Too long for one turn, and longer than the kernel's input when they are compressed. */
const incoming: readonly (() => Incoming)[] = [1_500_000, 3_000_000].map((length, seed) => {
  let made: Incoming | undefined;
  return () => {
    if (made === undefined) {
      const message = messageOf('json', length, seed);
      const deflated = deflateRawSync(message, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
      made = { message, frame: new FrameEncoder({ role: 'client' }).encodeBinary(deflated, { rsv1: true }) };
    }
    return made;
  };
});

let lastMessage: PreparedMessage | undefined;
let lastBytes: Uint8Array = new Uint8Array(0);

/** The bytes of a message, made once for all of its receivers. */
function bytesOf(message: PreparedMessage): Uint8Array {
  if (message !== lastMessage) {
    lastMessage = message;
    lastBytes = Buffer.from(message.payload);
  }
  return lastBytes;
}

/** By corpus and seed. */
const texts = new Map<string, Uint8Array>();

/** The beginning of one of a few texts of this kind: making a text for each message would take most of the time. */
function textOf(corpus: CorpusName, length: number, seed: number): Uint8Array {
  if (length > MOST_OF_TEXT) return messageOf(corpus, length, seed);
  const key = `${corpus} ${seed}`;
  let text = texts.get(key);
  if (text === undefined) {
    text = messageOf(corpus, MOST_OF_TEXT, seed);
    texts.set(key, text);
  }
  const cut = text.slice(0, length);
  // Not in the middle of a character.
  let end = length;
  while (end > 0 && (text[end]! & 0xc0) === 0x80) end--;
  return cut.fill(SPACE, end);
}

export function simulate({ seed, deliveries, kernel, strictEvery }: Simulation): Outcome {
  const random = createRandom(seed);
  const below = (count: number) => random() % count;
  const oneIn = (count: number) => below(count) === 0;
  const options: PerMessageDeflateOptions = {
    kernel,
    level: (['fastest', 'default', 'smallest'] as const)[below(3)]!,
    deflateWindowBits: 8 + below(8),
    deflateHashBits: 8 + below(5),
    // Now and then there is memory for a few connections and topics only.
    poolLength: oneIn(3) ? 1 << 20 : 8 << 20,
    ...(oneIn(2) ? { threshold: 0 } : {}),
    deflateTakeover: !oneIn(12),
  };
  const deflate = new PerMessageDeflate(options);
  const hub = new TopicHub<Client>();
  const clients: Client[] = [];
  /** Those that have agreed on compression. */
  const compressing = new Set<Client>();
  const outcome: Outcome = { deliveries: 0, clients: 0, plainLength: 0, compressedLength: 0 };

  /** Text that is like what was sent before, by its topic. */
  const messageLike = (topic: number): string | Uint8Array => {
    const length = oneIn(200) ? below(150_000) : oneIn(12) ? below(12_000) : below(900);
    if (oneIn(15)) return messageOf('random', length, random());
    const corpus: CorpusName = TEXT_CORPORA[topic % TEXT_CORPORA.length]!;
    const bytes = textOf(corpus, length, below(50));
    return oneIn(3) ? bytes : new TextDecoder().decode(bytes);
  };

  const join = () => {
    const bits = oneIn(2) ? '' : `; server_max_window_bits=${8 + below(8)}`;
    const offer = `permessage-deflate${bits}${oneIn(8) ? '; server_no_context_takeover' : ''}`;
    const isOffered = !oneIn(15);
    const answer = isOffered ? deflate.answer(parseExtensions(offer)) : [];
    const parameters = new Map(answer[0]?.parameters);
    const connection = new Connection({ role: 'server', kernel, inTurns: true }, deflate.forServer(answer));
    const receiver = new Receiver(
      {
        takeover: !parameters.has('server_no_context_takeover'),
        windowBits: Number(parameters.get('server_max_window_bits') ?? 15),
      },
      strictEvery,
    );
    const client = new Client(connection, receiver);
    clients.push(client);
    if (answer.length > 0) compressing.add(client);
    outcome.clients++;
  };

  const leave = (index: number, isDone: boolean) => {
    const [client] = clients.splice(index, 1) as [Client];
    hub.leave(client);
    client.catchUp();
    client.receiveRest();
    if (isDone) client.sendSlices();
    client.receiver.finish(isDone);
    outcome.deliveries += client.receiver.count;
    outcome.plainLength += client.receiver.plainLength;
    outcome.compressedLength += client.receiver.compressedLength;
    client.connection.receiveEnd();
  };

  const sendPrivately = (client: Client) => {
    const message = messageLike(below(8));
    const { connection, receiver } = client;
    receiver.expect(message);
    if (oneIn(6)) {
      const bytes = Buffer.from(message);
      const middle = below(bytes.length + 1);
      client.sendSlices();
      connection.startMessage('binary', bytes.subarray(0, middle), { compress: !oneIn(4) });
      connection.sendFragment(bytes.subarray(middle), true);
    } else {
      const how = { compress: !oneIn(6), inSlices: oneIn(2) };
      if (typeof message === 'string') connection.sendText(message, how);
      else connection.sendBinary(message, how);
    }
    client.take();
    // Else topics queue behind the slices.
    if (!oneIn(2)) client.sendSlices();
  };

  const delivered = () => clients.reduce((sum, { receiver }) => sum + receiver.count, outcome.deliveries);
  while (delivered() < deliveries) {
    const dice = below(100);
    const index = below(Math.max(1, clients.length));
    const client = clients[index];
    const topic = below(TOPICS.length);
    if (client === undefined || (dice < 4 && clients.length < MOST_CLIENTS)) join();
    else if (dice < 6) leave(index, !oneIn(3));
    else if (dice < 12) hub.subscribe(client, TOPICS[topic]!);
    else if (dice < 14) {
      // Several with one primer between them; some topics have nobody else.
      for (let i = 0; i < 4; i++) hub.subscribe(clients[(index + i) % clients.length]!, TOPICS[topic]!);
    } else if (dice < 16) hub.unsubscribe(client, TOPICS[topic]!);
    else if (dice < 22) sendPrivately(client);
    else if (dice < 24) client.sendSlices();
    else if (dice < 26) client.fallBehind();
    else if (dice < 29) client.catchUp();
    else if (dice < 32) {
      if (compressing.has(client)) client.receive(incoming[below(incoming.length)]!());
    } else if (dice < 34) hub.leave(client);
    else if (dice < 35) hub.setPrimer(TOPICS[topic]!, oneIn(6) ? undefined : messageLike(topic));
    else {
      // Mostly one topic, so that its history gets long.
      const name = TOPICS[oneIn(3) ? topic : 0]!;
      const times = oneIn(10) ? 10 : 1;
      for (let i = 0; i < times; i++) {
        hub.publish(name, messageLike(oneIn(4) ? topic : 0), { compress: !oneIn(20) }, oneIn(9) ? client : undefined);
      }
    }
  }
  while (clients.length > 0) leave(0, true);
  if (deflate.poolUse.usedLength !== 0) throw new Error(`${deflate.poolUse.usedLength} bytes of the pool are lost`);
  return outcome;
}
