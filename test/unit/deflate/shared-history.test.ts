// src/deflate/shared-history.ts: which subscribers share a frame, and what it may refer to. That peers can read all of it is tested in
// test/robustness/topics.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/index.js';
import { Connection, FrameEncoder, type MessageHandler, type PreparedMessage, TopicHub } from '../../../src/index.js';
import { Receiver } from '../../robustness/topics/receiver.js';
import { messageOf } from '../../support/inputs/corpora.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';

const EMPTY = new Uint8Array(0);
const OFFER = parseExtensions('permessage-deflate');
/** Of a server, for a payload of less than 126 bytes. */
const FRAME_HEADER = 2;
const JSON_TEXTS = Array.from({ length: 100 }, (_, i) => new TextDecoder().decode(messageOf('json', 300, i)));

type Subscriber = Pick<Client, 'connection' | 'sendPrepared'>;

class Client {
  readonly connection: Connection;
  readonly receiver: Receiver;
  readonly lengths: number[] = [];

  constructor(deflate: PerMessageDeflate, offer: string) {
    const answer = deflate.answer(parseExtensions(offer));
    const parameters = new Map(answer[0]!.parameters);
    this.connection = new Connection({ role: 'server' }, deflate.forServer(answer));
    const takeover = !parameters.has('server_no_context_takeover');
    const windowBits = Number(parameters.get('server_max_window_bits') ?? 15);
    this.receiver = new Receiver({ takeover, windowBits }, windowBits < 15 ? 1 : 40);
  }

  sendPrepared(message: PreparedMessage): void {
    this.receiver.expect(message.payload);
    this.connection.sendPrepared(message);
    this.take();
  }

  send(text: string): void {
    this.receiver.expect(text);
    this.connection.sendText(text);
    this.take();
  }

  take(): void {
    const bytes = this.connection.takeOutgoing();
    this.lengths.push(bytes.length);
    this.receiver.receive(bytes);
  }
}

describe.each(DEFLATE_KERNELS)('on the %s kernel', (kernel) => {
  function setUp(options: PerMessageDeflateOptions = {}) {
    const deflate = new PerMessageDeflate({ kernel, ...options });
    const hub = new TopicHub<Subscriber>({ isOpen: ({ connection }) => connection.state === 'open' });
    const clients: Client[] = [];
    const join = (offer = 'permessage-deflate') => {
      const client = new Client(deflate, offer);
      clients.push(client);
      hub.subscribe(client, 'prices');
      return client;
    };
    const publish = (...texts: string[]) => {
      for (const text of texts) hub.publish('prices', text);
    };
    const check = () => {
      for (const { receiver } of clients) receiver.finish(true);
    };
    return { deflate, hub, join, publish, check };
  }

  test('messages to 128 receivers get about as short as zlib makes them for each connection', () => {
    const { join, publish, check, deflate, hub } = setUp();
    const one = join();
    const answer = deflate.answer(OFFER);
    for (let i = 1; i < 128; i++) {
      const connection = new Connection({ role: 'server' }, deflate.forServer(answer));
      const sendPrepared = (message: PreparedMessage) => {
        connection.sendPrepared(message);
        connection.takeOutgoing();
      };
      hub.subscribe({ connection, sendPrepared }, 'prices');
    }
    const texts = Array.from({ length: 300 }, (_, i) => new TextDecoder().decode(messageOf('json', 200, i)));
    publish(...texts);
    let history = '';
    let expected = 0;
    for (const text of texts) {
      const dictionary = Buffer.from(history).subarray(-32_768);
      const options = { level: 6, finishFlush: constants.Z_SYNC_FLUSH, ...(history === '' ? {} : { dictionary }) };
      expected += deflateRawSync(text, options).length - 4;
      history += text;
    }
    const actual = one.lengths.reduce((total, length) => total + length - FRAME_HEADER, 0);
    expect(actual / expected).toBeLessThanOrEqual(kernel === 'wasm' ? 1 : 1.25);
    check();
  });

  test('a message that is published while another is inflated in turns leaves that as it is', () => {
    const { deflate, join, publish, check } = setUp();
    join();
    join();
    const connection = new Connection({ role: 'server', inTurns: true }, deflate.forServer(deflate.answer(OFFER)));
    // Longer than what is inflated in a turn, and so various that it is longer than the kernel's input when it is deflated.
    const message = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => `word${(i * 7919) % 5003}`).join(' '));
    const deflated = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const received: unknown[] = [];
    const handler: MessageHandler = {
      onText() {},
      onBinary: (data) => void received.push(Buffer.compare(data, message)),
      onPing() {},
      onPong() {},
      onClose() {},
      onError: (error) => void received.push(error),
    };
    connection.dispatch(new FrameEncoder({ role: 'client' }).encodeBinary(deflated, { rsv1: true }), handler);
    let turns = 0;
    for (; connection.hasPendingInput; turns++) {
      publish(JSON_TEXTS[turns % JSON_TEXTS.length]!.repeat(100));
      connection.continue(handler);
    }
    expect(turns).toBeGreaterThan(2);
    expect(received).toEqual([0]);
    check();
  });

  test('a message that is sent after its topic has gone leaves the memory of others as it is', () => {
    const { deflate, hub } = setUp({ deflateWindowBits: 15, deflateHashBits: 12, inflateTakeover: false });
    const behind = new Client(deflate, 'permessage-deflate; server_max_window_bits=10');
    const waiting: PreparedMessage[] = [];
    let isLate = false;
    const sendPrepared = (message: PreparedMessage) => {
      if (isLate) waiting.push(message);
      else behind.sendPrepared(message);
    };
    const late: Subscriber = { connection: behind.connection, sendPrepared };
    const first = new Client(deflate, 'permessage-deflate');
    hub.subscribe(late, 'prices');
    hub.subscribe(first, 'prices');
    hub.publish('prices', JSON_TEXTS[0]!.repeat(20));
    isLate = true;
    hub.publish('prices', JSON_TEXTS[1]!.repeat(20));
    hub.leave(late);
    hub.leave(first);
    const other = new Client(deflate, 'permessage-deflate');
    for (const text of JSON_TEXTS.slice(2, 5)) other.send(text.repeat(20));
    for (const message of waiting) behind.sendPrepared(message);
    for (const text of JSON_TEXTS.slice(2, 8)) other.send(text.repeat(20));
    for (const { receiver } of [behind, first, other]) receiver.finish(true);
  });

  test('messages get as short as with a history for each connection', () => {
    const { join, publish, check } = setUp();
    const [first, second] = [join(), join()];
    const alone = setUp({ deflateWindowBits: 15, deflateHashBits: 12 }).join();
    publish(...JSON_TEXTS);
    for (const text of JSON_TEXTS) alone.send(text);
    const sum = ({ lengths }: Client) => lengths.reduce((total, length) => total + length, 0);
    expect(first.lengths).toEqual(second.lengths);
    expect(sum(first)).toBeLessThanOrEqual(sum(alone) * 1.05);
    check();
  });

  test('who joins late refers to nothing at first, then to more and more, then to as much as all', () => {
    const { join, publish, check } = setUp();
    const old = join();
    join();
    publish(...JSON_TEXTS.slice(0, 50));
    const late = join();
    publish(...JSON_TEXTS.slice(50));
    const behind = old.lengths.slice(50);
    expect(late.lengths[0]!).toBeGreaterThan(behind[0]! * 1.3);
    expect(late.lengths[20]!).toBeLessThan(late.lengths[0]!);
    // 16 KiB and more of history, of which some is behind what both have.
    publish(...JSON_TEXTS, ...JSON_TEXTS);
    expect(late.lengths.slice(-50)).toEqual(old.lengths.slice(-50));
    check();
  });

  test('a message is deflated once for each class, however many are in it', () => {
    const { join, publish, check, hub } = setUp();
    const frames = new Set<Uint8Array>();
    const watch = (client: Client) => {
      const { connection } = client;
      client.sendPrepared = (message) => {
        client.receiver.expect(message.payload);
        connection.sendPrepared(message, { byReference: true });
        const [frame = EMPTY] = connection.takeOutgoingSegments();
        frames.add(frame);
        client.receiver.receive(frame);
      };
    };
    for (let i = 0; i < 10; i++) watch(join());
    publish(...JSON_TEXTS.slice(0, 50));
    expect(frames.size).toBe(50);
    for (let i = 0; i < 10; i++) watch(join());
    frames.clear();
    publish(JSON_TEXTS[50]!);
    expect(frames.size).toBe(2);
    for (let i = 0; i < 10; i++) watch(join('permessage-deflate; server_no_context_takeover'));
    publish(JSON_TEXTS[51]!, JSON_TEXTS[52]!, JSON_TEXTS[53]!);
    frames.clear();
    // All of it, 1 KiB, and nothing.
    publish(JSON_TEXTS[54]!);
    expect(frames.size).toBe(3);
    expect(hub.subscriberCount('prices')).toBe(30);
    check();
  });

  test('for many receivers more is done for the length, so that it is less than with a history for each connection', () => {
    const { join, publish, check } = setUp();
    const clients = Array.from({ length: 40 }, () => join());
    const alone = setUp({ deflateWindowBits: 15, deflateHashBits: 12 }).join();
    publish(...JSON_TEXTS);
    for (const text of JSON_TEXTS) alone.send(text);
    const sum = ({ lengths }: Client) => lengths.reduce((total, length) => total + length, 0);
    expect(sum(clients[39]!)).toBeLessThanOrEqual(sum(alone));
    if (kernel === 'wasm') expect(sum(clients[39]!)).toBeLessThan(sum(alone) * 0.97);
    check();
  });

  test.each([8, 9, 12, 15])('with a window of %i bits no distance is longer', (bits) => {
    const { join, publish, check } = setUp({ deflateWindowBits: bits });
    const client = join(`permessage-deflate; server_max_window_bits=${bits}`);
    join();
    publish(...JSON_TEXTS);
    check();
    expect(client.receiver.compressedLength).toBeLessThan(client.receiver.plainLength);
  });

  test('a few short messages between go uncompressed, more of them do not', () => {
    const { join, publish, check } = setUp();
    const [client, other] = [join(), join()];
    publish(...JSON_TEXTS.slice(0, 50));
    const short = 'x'.repeat(200);
    client.send(short);
    expect(client.lengths.at(-1)).toBe(204);
    publish(JSON_TEXTS[50]!);
    expect(client.lengths.at(-1)).toBe(other.lengths.at(-1));
    for (let i = 0; i < 2; i++) client.send(JSON_TEXTS[i]!.slice(0, 200));
    expect(client.lengths.at(-1)).toBeLessThan(204);
    publish(JSON_TEXTS[51]!);
    expect(client.lengths.at(-1)).toBeGreaterThan(other.lengths.at(-1)!);
    check();
  });

  describe('a primer', () => {
    const PRIMER = JSON_TEXTS.slice(60, 80).join('');

    test('is referred to by the next messages', () => {
      const { hub, join, publish, check } = setUp();
      const old = join();
      hub.setPrimer('prices', PRIMER);
      publish(...JSON_TEXTS.slice(0, 50));
      const [late, later] = [join(), join()];
      publish(JSON_TEXTS[78]!, JSON_TEXTS[79]!);
      expect(late.lengths.slice(1).every((length) => length < 60)).toBe(true);
      expect(later.lengths).toEqual(late.lengths);
      const last = join();
      publish(JSON_TEXTS[77]!);
      expect(last.lengths[1]!).toBeLessThan(60);
      expect(late.lengths.at(-1)!).toBeGreaterThan(60);
      expect(old.receiver.count).toBe(53);
      check();
    });

    test('for who leaves nobody without one behind: the history they missed is not referred to', () => {
      const { hub, join, publish, check } = setUp();
      const plain = [join(), join()];
      publish(...JSON_TEXTS.slice(0, 30));
      hub.setPrimer('prices', PRIMER);
      join();
      join();
      for (const client of plain) hub.leave(client);
      publish(...JSON_TEXTS.slice(30, 50));
      // The first two fall back on what they have of the topic, which no other window has.
      join();
      publish(...JSON_TEXTS.slice(20, 60));
      check();
    });

    test('that does not compress is sent, and no more', () => {
      const { hub, join, publish, check } = setUp();
      hub.setPrimer('prices', randomBytes(10_000, 1));
      const client = join();
      join();
      publish(...JSON_TEXTS.slice(0, 3));
      expect(client.lengths[0]).toBeGreaterThan(10_000);
      check();
    });
  });

  test('memory comes with the second subscriber, and goes with the last', () => {
    const { deflate, hub, join, publish } = setUp();
    const first = join();
    const before = deflate.poolUse.usedLength;
    publish('x'.repeat(100));
    expect(deflate.poolUse.usedLength).toBe(before);
    const second = join();
    hub.setPrimer('prices', JSON_TEXTS.join(''));
    join().connection.receiveEnd();
    publish('x'.repeat(100));
    const connections = deflate.poolUse.usedLength;
    expect(connections - 2 * before).toBeLessThanOrEqual(64 * 1024);
    expect(connections - 2 * before).toBeGreaterThan(40 * 1024);
    for (const client of [first, second]) hub.leave(client);
    expect(deflate.poolUse.usedLength).toBeGreaterThan(2 * before);
  });

  test('topics take half of the pool at most; behind that, messages are compressed each by itself', () => {
    const { deflate, hub, join, check } = setUp({ poolLength: 1 << 20 });
    const [first, second] = [join(), join()];
    for (let i = 0; i < 40; i++) {
      for (const client of [first, second]) hub.subscribe(client, String(i));
      hub.publish(String(i), JSON_TEXTS[0]!);
    }
    expect(deflate.poolUse.usedLength).toBeLessThan((1 << 19) + 30_000);
    hub.publish('39', JSON_TEXTS[1]!);
    expect(first.lengths.at(-1)!).toBeLessThan(300);
    check();
    for (const client of [first, second]) hub.leave(client);
    for (const client of [first, second]) client.connection.receiveEnd();
    expect(deflate.poolUse.usedLength).toBe(0);
  });
});
