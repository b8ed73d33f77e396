// Callbacks of `send` that throw: the program gets the error as an uncaught exception, and the connection and other callbacks go on.

import { createHook } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { PreparedMessage } from '../../../../../src/node/index.js';
import { record } from '../../../../support/peers/implementations.js';
import { openPair } from '../../flow/open-pair.js';
import { collectUncaught, LateBlob } from './late-blob.js';

const error = new Error('of the callback');
function fail(): never {
  throw error;
}

test('a callback that throws when the connection ends does not keep `close` from being emitted', async () => {
  const { served } = await openPair();
  const thrown = collectUncaught();
  const events = record(served, ['close']);
  served.cork();
  served.send('corked', fail);
  served.terminate();
  await expect.poll(() => events.length).toBe(1);
  expect(thrown).toEqual([error]);
});

test('a callback that throws when a Blob cannot be read does not keep the connection from ending', async () => {
  const { served } = await openPair();
  const thrown = collectUncaught();
  const events = record(served, ['error', 'close']);
  const blob = new LateBlob();
  served.send(blob as never, fail);
  blob.settle(new Error('gone'));
  await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
  expect(thrown).toEqual([error]);
});

test('an error listener that throws when a Blob cannot be read: its error is no rejection', async () => {
  const { served } = await openPair();
  const thrown = collectUncaught();
  const rejected: unknown[] = [];
  const reject = (reason: unknown) => rejected.push(reason);
  process.prependListener('unhandledRejection', reject);
  const blob = new LateBlob();
  served.on('error', fail);
  served.send(blob as never);
  blob.settle(new Error('gone'));
  await expect.poll(() => served.readyState).toBe(served.CLOSED);
  process.off('unhandledRejection', reject);
  expect([thrown, rejected]).toEqual([[error], []]);
});

test('a callback that throws because its message is rejected behind a Blob: the queue goes on', async () => {
  const { client, served } = await openPair();
  const thrown = collectUncaught();
  const messages = record(client, ['message']);
  const told: unknown[] = [];
  const blob = new LateBlob();
  served.send(blob as never);
  served.send('be', { fin: false });
  served.sendPrepared(new PreparedMessage('between fragments'), fail);
  served.send('gun', (reason) => told.push(reason));
  blob.settle(new TextEncoder().encode('blob').buffer as ArrayBuffer);
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['blob', 'begun']);
  expect(thrown).toEqual([error]);
  expect(told).toEqual([null]);
});

test('hooks see the end of each async resource that a callback has needed', async () => {
  const { served } = await openPair();
  const live = new Set<number>();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'WSIMD_SEND') live.add(id);
    },
    destroy: (id) => live.delete(id),
  }).enable();
  onTestFinished(() => void hook.disable());
  let called = 0;
  for (let i = 0; i < 10; i++) served.send('gathered', () => called++);
  served.send(new Blob(['blob']), () => called++);
  served.send('behind', () => called++);
  served.sendStream(['stream']).then(() => called++);
  expect(live.size).toBeGreaterThan(10);
  await expect.poll(() => called).toBe(13);
  served.cork();
  served.send('corked', () => called++);
  served.send(new LateBlob() as never, () => called++);
  served.terminate();
  await expect.poll(() => called).toBe(15);
  await expect.poll(() => live.size).toBe(0);
});
