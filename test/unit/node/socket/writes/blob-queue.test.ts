// What is queued behind a Blob or a stream: in which async context it is sent, when control frames leave, and what rejected messages tell.

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { PreparedMessage } from '../../../../../src/node/index.js';
import { record } from '../../../../support/peers/implementations.js';
import { openPair } from '../../flow/open-pair.js';
import { LateBlob } from './late-blob.js';

const bytes = new TextEncoder().encode('blob').buffer as ArrayBuffer;

test('each queued Blob and stream is read in the async context of its own call, and each message is sent in it', async () => {
  const { client, served } = await openPair();
  const storage = new AsyncLocalStorage<string>();
  const seen: string[] = [];
  const see = (what: string) => seen.push(`${what} in ${storage.getStore()}`);
  const sent = () => see('sent');
  subscribe('wsimd:websocket:messageSent', sent);
  onTestFinished(() => void unsubscribe('wsimd:websocket:messageSent', sent));
  const messages = record(client, ['message']);
  const blob = new LateBlob();
  blob.arrayBuffer = async () => {
    see('Blob');
    return bytes;
  };
  async function* parts() {
    see('stream');
    yield 'a';
    await new Promise(setImmediate);
    see('stream');
    yield 'b';
  }
  await Promise.all([
    storage.run('1', () => served.sendStream(parts())),
    storage.run('2', () => served.sendStream(parts())),
    storage.run('3', () => served.send(blob as never)),
    storage.run('4', () => new Promise<void>((resolve) => served.send('text', () => resolve(void see('callback'))))),
  ]);
  expect(seen.slice(0, -1)).toEqual([
    ...['stream in 1', 'stream in 1', 'sent in 1'],
    ...['stream in 2', 'stream in 2', 'sent in 2'],
    ...['Blob in 3', 'sent in 3', 'sent in 4'],
  ]);
  expect(seen.at(-1)).toBe('callback in 4');
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['ab', 'ab', 'blob', 'text']);
});

test('a callback of a queued message that will not be sent is called in the async context of its own call', async () => {
  const { served } = await openPair();
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  storage.run('1', () => served.send(new LateBlob() as never, () => seen.push(storage.getStore())));
  storage.run('2', () => served.send('behind', () => seen.push(storage.getStore())));
  served.terminate();
  await expect.poll(() => seen).toEqual(['1', '2']);
});

test('pings and pongs that are queued behind a stream leave when it begins, in their order', async () => {
  const { client, served } = await openPair();
  const received = record(client, ['message', 'ping', 'pong']);
  const seen = () => received.map(([name, data]) => `${name} ${data}`);
  let endStream!: () => void;
  const end = new Promise<void>((resolve) => {
    endStream = resolve;
  });
  async function* parts() {
    await end;
    yield 'stream';
  }
  const told: unknown[] = [];
  const blob = new LateBlob();
  served.send(blob as never);
  served.ping('1');
  const sent = served.sendStream(parts());
  served.ping('2');
  served.send('message');
  served.pong('3', false, (error?: Error) => told.push(error));
  expect(seen()).toEqual([]);
  blob.settle(bytes);
  await expect.poll(seen).toEqual(['message blob', 'ping 1', 'ping 2', 'pong 3']);
  expect(told).toEqual([null]);
  endStream();
  await sent;
  await expect.poll(() => seen().slice(4)).toEqual(['message stream', 'message message']);
  expect(served.bufferedAmount).toBe(0);
});

test('a ping behind a stream whose payload is a Blob keeps its place, as do those behind it', async () => {
  const { client, served } = await openPair();
  const received = record(client, ['message', 'ping']);
  served.send(new Blob(['blob']));
  const sent = served.sendStream(['stream']);
  served.ping('1');
  served.ping(new Blob(['2']));
  served.ping('3');
  await sent;
  const names = ['message blob', 'ping 1', 'message stream', 'ping 2', 'ping 3'];
  await expect.poll(() => received.map(([name, data]) => `${name} ${data}`)).toEqual(names);
});

test('a message without a callback that is rejected behind a Blob gives a warning; on a closed connection, none', async () => {
  const { client, served } = await openPair();
  const messages = record(client, ['message']);
  const warnings: string[] = [];
  const warn = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  served.send(new Blob(['blob']));
  served.send('be', { fin: false });
  served.sendPrepared(new PreparedMessage('between fragments'));
  served.send('gun');
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['blob', 'begun']);
  const reason = 'the last fragment of the message under way has not been sent';
  const expected = [`WsimdWarning: a message that was queued behind a Blob or stream is not sent: ${reason}`];
  expect(warnings).toEqual(expected);
  served.send(new LateBlob() as never);
  served.send('behind');
  served.terminate();
  await expect.poll(() => served.readyState).toBe(served.CLOSED);
  await new Promise(setImmediate);
  expect(warnings).toEqual(expected);
});
