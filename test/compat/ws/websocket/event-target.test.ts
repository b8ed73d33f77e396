// The browser's face: addEventListener, on… attributes and event objects. The same with `ws` and with ours.

import { describe, expect, test } from 'vitest';
import { openPair, PAIRS } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  test('the event objects', async () => {
    const { url, served } = await openPair(pair);
    const client = new pair.client.WebSocket(url);
    const seen: unknown[] = [];
    client.addEventListener('open', (event) => seen.push([event.type, event.target === client]));
    client.addEventListener('message', (event) => seen.push([event.type, event.target === client, event.data]));
    client.addEventListener('close', (event) =>
      seen.push([event.type, event.target === client, event.code, event.reason, event.wasClean]),
    );
    await next(client, 'open');
    client.ping();
    client.close(4001, 'why not');
    await next(client, 'close');
    expect(seen).toEqual([
      ['open', true],
      ['close', true, 4001, 'why not', true],
    ]);
    served.terminate();
  });

  test('messages: a string for text, for binary what binaryType says', async () => {
    const { client, served } = await openPair(pair);
    const data: unknown[] = [];
    client.addEventListener('message', (event) => data.push(event.data));
    served.send('text');
    served.send(Buffer.from('ab'));
    await expect.poll(() => data.length).toBe(2);
    client.binaryType = 'arraybuffer';
    served.send(Buffer.from('cd'));
    await expect.poll(() => data.length).toBe(3);
    expect(data.slice(0, 2)).toEqual(['text', Buffer.from('ab')]);
    expect(data[2]).toBeInstanceOf(ArrayBuffer);
  });

  test('errors, and a close that was not clean', async () => {
    const client = new pair.client.WebSocket('ws://127.0.0.1:1');
    const seen: unknown[] = [];
    client.addEventListener('error', (event) => seen.push([event.type, event.message === event.error.message]));
    client.addEventListener('close', (event) => seen.push([event.type, event.code, event.reason, event.wasClean]));
    await next(client, 'close');
    expect(seen).toEqual([
      ['error', true],
      ['close', 1006, '', false],
    ]);
  });

  test('functions and objects, once, twice the same, removed', async () => {
    const { client, served } = await openPair(pair);
    const calls: string[] = [];
    const always = () => calls.push('always');
    const removed = () => calls.push('removed');
    const object = {
      name: 'object',
      handleEvent() {
        calls.push(this.name);
      },
    };
    client.addEventListener('message', always);
    client.addEventListener('message', always);
    client.addEventListener('message', object);
    client.addEventListener('message', () => calls.push('once'), { once: true });
    client.addEventListener('message', removed);
    client.removeEventListener('message', removed);
    client.addEventListener('ping' as 'message', always);
    expect(client.listenerCount('message')).toBe(3);
    expect(client.listenerCount('ping')).toBe(0);
    served.send('1');
    served.send('2');
    await expect.poll(() => calls.length).toBe(5);
    expect(calls).toEqual(['always', 'object', 'once', 'always', 'object']);
    client.removeEventListener('message', object);
    client.removeEventListener('message', always);
    expect(client.listenerCount('message')).toBe(0);
  });

  test('the attributes', async () => {
    const { client, served } = await openPair(pair);
    expect([client.onopen, client.onmessage, client.onclose, client.onerror]).toEqual([null, null, null, null]);
    const seen: unknown[] = [];
    const first = () => seen.push('first');
    client.onmessage = first;
    expect(client.onmessage).toBe(first);
    client.onmessage = function (event) {
      seen.push([this === client, event.data]);
    };
    expect(client.listenerCount('message')).toBe(1);
    client.removeEventListener('message', client.onmessage as never);
    expect(client.listenerCount('message')).toBe(1);
    served.send('x');
    await expect.poll(() => seen).toEqual([[true, 'x']]);
    client.onmessage = null;
    client.onclose = 'no function' as never;
    expect([client.onmessage, client.onclose, client.listenerCount('message')]).toEqual([null, null, 0]);
  });
});
