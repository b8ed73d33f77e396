// src/node/socket/writes/prepared-run.ts: prepared messages that are gathered past the connection keep their place among everything else
// that it sends.

import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PreparedMessage, type WebSocket } from '../../../../../src/node/index.js';
import { LINK } from '../../../../../src/node/operate/operable-emitter.js';
import { IMPLEMENTATIONS, openPair, record } from '../../../../support/peers/implementations.js';

/** What a WebSocket has for the budget of all connections. */
interface Linked {
  readonly [LINK]: { evict(limit: number): void };
}

const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
const turn = () => new Promise((resolve) => setImmediate(resolve));
const message = (text: string) => new PreparedMessage(text);

/** A pair whose server's end gathers from the start of the next turn, and what its client is sent. */
async function openGathering(options: object = {}) {
  const { served, client } = await openPair({ server: ours, client: ours }, options);
  const events = record(client, ['message', 'ping', 'close']);
  for (const text of ['a', 'b']) served.sendPrepared(message(text));
  await turn();
  await expect.poll(() => events.length).toBe(2);
  events.length = 0;
  const received = () => events.map(([name, data]) => `${name} ${data}`);
  return { served: served as WebSocket, client, received };
}

const messages = (...texts: readonly string[]) => texts.map((text) => `message ${text}`);
const LONG = 'long '.repeat(2000);

/** What is done between the third message and the fourth, and what is received from there on. */
const STEPS: readonly [string, (served: WebSocket) => void, readonly string[]][] = [
  ['nothing', () => {}, messages('4', '5')],
  ['send', (served) => served.send('own'), messages('own', '4', '5')],
  ['send with a callback', (served) => served.send('own', () => {}), messages('own', '4', '5')],
  [
    'a prepared message with a callback',
    (served) => served.sendPrepared(message('own'), () => {}),
    messages('own', '4', '5'),
  ],
  ['a long prepared message', (served) => served.sendPrepared(message(LONG)), messages(LONG, '4', '5')],
  ['a Blob', (served) => served.send(new Blob(['blob'])), messages('blob', '4', '5')],
  ['a ping', (served) => served.ping('own'), ['ping own', ...messages('4', '5')]],
  [
    'finished frames',
    (served) => served._sender!.sendFrame([Buffer.from([0x81, 1]), Buffer.from('f')], () => {}),
    messages('f', '4', '5'),
  ],
  [
    'cork and uncork',
    (served) => {
      served.cork();
      served.send('own');
      served.uncork();
    },
    messages('own', '4', '5'),
  ],
  ['a listener that waits for drain', (served) => expect(served.bufferedAmount).toBe(0), messages('4', '5')],
  ['close', (served) => served.close(1000), ['close 1000']],
  ['terminate', (served) => served.terminate(), ['close 1006']],
  ['eviction', (served) => (served as object as Linked)[LINK].evict(1), ['close 1013']],
];

describe.each([
  ['without compression', {}],
  ['with compression', { perMessageDeflate: { threshold: 0 } }],
])('messages of a run, %s, keep their place around', (_how, options) => {
  test.each(STEPS)('%s', async (_what, step, rest) => {
    const { served, received } = await openGathering(options);
    served.on('error', () => {});
    for (const text of ['1', '2', '3']) served.sendPrepared(message(text));
    step(served);
    for (const text of ['4', '5']) if (served.readyState === served.OPEN) served.sendPrepared(message(text));
    await expect.poll(received).toEqual([...messages('1', '2', '3'), ...rest]);
  });
});

test('a run is counted, and pending, before it leaves in one write at the end of the turn', async () => {
  const { served, received } = await openGathering();
  const socket = served._socket as Socket;
  const before = socket.bytesWritten;
  const sent = served.stats().messagesSent;
  for (const text of ['1', '2', '3']) served.sendPrepared(message(text));
  expect(served.stats()).toMatchObject({ messagesSent: sent + 3, buffered: 9 });
  expect(socket.bytesWritten).toBe(before);
  await turn();
  expect(socket.bytesWritten).toBe(before + 9);
  expect(served.stats()).toMatchObject({ messagesSent: sent + 3, buffered: 0 });
  await expect.poll(received).toEqual(messages('1', '2', '3'));
});

test('a run that grows longer than 64 KiB goes on in order', async () => {
  const { served, received } = await openGathering();
  const texts = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(3000)}`);
  for (const text of texts) served.sendPrepared(message(text));
  await expect.poll(received).toEqual(messages(...texts));
});

test('a message that observers hear of is told before it leaves, in the middle of a run too', async () => {
  const { served, received } = await openGathering();
  const sent: unknown[] = [];
  const note = (event: unknown) => sent.push((event as { data: unknown }).data);
  served.sendPrepared(message('1'));
  served.sendPrepared(message('2'));
  channel('wsimd:websocket:messageSent').subscribe(note);
  onTestFinished(() => void channel('wsimd:websocket:messageSent').unsubscribe(note));
  served.sendPrepared(message('3'));
  expect(sent).toEqual(['3']);
  await expect.poll(received).toEqual(messages('1', '2', '3'));
});

test('a message that an observer hears of leaves behind those that the observer sends, once it has stopped listening too', async () => {
  const { served, received } = await openGathering();
  // A turn without a second message: the next one leaves at once.
  served.sendPrepared(message('1'));
  await turn();
  const note = () => {
    channel('wsimd:websocket:messageSent').unsubscribe(note);
    for (const text of ['2', '3']) served.sendPrepared(message(text));
  };
  channel('wsimd:websocket:messageSent').subscribe(note);
  onTestFinished(() => void channel('wsimd:websocket:messageSent').unsubscribe(note));
  served.sendPrepared(message('4'));
  await expect.poll(received).toEqual(messages('1', '2', '3', '4'));
});

test('a message that an observer hears of calls back, though the observer has begun a run', async () => {
  const { served, received } = await openGathering();
  served.sendPrepared(message('1'));
  await turn();
  const note = () => {
    channel('wsimd:websocket:messageSent').unsubscribe(note);
    for (const text of ['3', '4']) served.sendPrepared(message(text));
  };
  channel('wsimd:websocket:messageSent').subscribe(note);
  onTestFinished(() => void channel('wsimd:websocket:messageSent').unsubscribe(note));
  let calls = 0;
  served.send('2', () => calls++);
  await expect.poll(received).toEqual(messages('1', '2', '3', '4'));
  await expect.poll(() => calls).toBe(1);
});

test('a run that the system takes is no backpressure', async () => {
  const { served, received } = await openGathering({ maxBackpressure: 100, backpressurePolicy: 'drop' });
  const dropped: unknown[] = [];
  served.on('dropped', (data) => dropped.push(data));
  const texts = [60, 60, 60].map((length, i) => `${i}${'x'.repeat(length)}`);
  for (const text of texts) served.sendPrepared(message(text));
  await expect.poll(received).toEqual(messages(...texts));
  expect(dropped).toEqual([]);
});
