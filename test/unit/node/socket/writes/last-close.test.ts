// src/node/link.ts and outgoing.ts: the peer's Close, or its broken rule, is answered behind all that was sent before it, whatever
// that waits for; then the connection ends.

import { expect, test } from 'vitest';
import type { WebSocket } from '../../../../../src/node/index.js';
import { concat, Peer, stream } from '../../../../support/frames/wire.js';
import { IMPLEMENTATIONS, isOurs, openPair, record } from '../../../../support/peers/implementations.js';
import { next } from '../../../../support/servers/servers.js';

const ws = IMPLEMENTATIONS[0]![1];
const COMPRESSED = { perMessageDeflate: { threshold: 0 } };
/** Leaves in ten slices where it is compressed. */
const LONG = Buffer.from(Array.from({ length: 640 * 1024 }, (_, i) => (i * i) >> 7));
const GARBAGE = new Uint8Array(16).fill(0xff);

/** What is sent as a message arrives, with the end of the connection behind it in the same chunk. */
const SENDS: Record<string, (webSocket: WebSocket) => void> = {
  'messages in slices': (webSocket) => {
    webSocket.send(LONG);
    webSocket.send('second');
    webSocket.send(LONG);
  },
  'a Blob and a message behind it': (webSocket) => {
    webSocket.send(new Blob([LONG.subarray(0, 1000)]));
    webSocket.send('second');
    webSocket.send(new Blob(['third']));
  },
  'a Blob behind slices': (webSocket) => {
    webSocket.send(LONG);
    webSocket.send(new Blob(['second']));
    webSocket.send('third');
  },
};
const MESSAGES: Record<string, readonly number[]> = {
  'messages in slices': [LONG.length, 6, LONG.length],
  'a Blob and a message behind it': [1000, 6, 5],
  'a Blob behind slices': [LONG.length, 6, 5],
};
const ENDS = ['a Close', 'a broken rule'] as const;

function endOf(role: 'server' | 'client', end: (typeof ENDS)[number]): Uint8Array {
  const peer = new Peer(role);
  return concat(stream(peer.text('go')), end === 'a Close' ? stream(peer.close(3001, 'bye')) : GARBAGE);
}

const cases = IMPLEMENTATIONS.flatMap(([name, api]) =>
  (['server', 'client'] as const).flatMap((role) =>
    ENDS.flatMap((end) => Object.keys(SENDS).map((sends) => [name, role, sends, end, api] as const)),
  ),
);

test.each(cases)(
  'a %s %s sends %s before %s comes: all of it arrives, and a Close',
  async (_, role, sends, end, api) => {
    const pair = role === 'server' ? { server: api, client: ws } : { server: ws, client: api };
    const { served, client } = await openPair(pair, COMPRESSED, COMPRESSED);
    const [sender, receiver] = role === 'server' ? [served, client] : [client, served];
    sender.on('message', () => SENDS[sends]!(sender));
    sender.on('error', () => {});
    const received = record(receiver, ['message', 'close']);
    const closed = next<[number]>(sender, 'close');
    receiver._socket!.write(endOf(role, end));
    await expect.poll(() => received.at(-1)?.[0]).toBe('close');
    const [messages, [, code]] = [received.slice(0, -1), received.at(-1)!];
    expect(messages.map(([, data]) => (data as Buffer).length)).toEqual(MESSAGES[sends]);
    expect(code).toBe(end === 'a Close' ? 3001 : 1002);
    expect((await closed)[0]).toBe(end === 'a Close' ? 3001 : 1006);
  },
);

test.each(['a Close', 'a broken rule'] as const)(
  'with deliveries in turns of their own, a send behind %s whose answer waits for slices is refused, not thrown at',
  async (end) => {
    const ours = IMPLEMENTATIONS.find(([, api]) => isOurs(api))![1];
    const options = { ...COMPRESSED, allowSynchronousEvents: false };
    const { served, client } = await openPair({ server: ours, client: ws }, options, COMPRESSED);
    served.on('error', () => {});
    served.send(LONG);
    const refusal = new Promise<Error | undefined>((resolve, reject) => {
      served.on('message', () => {
        // Behind the chunk, before the Close frame in it is delivered.
        queueMicrotask(() => {
          try {
            served.send('late', (error) => resolve(error ?? undefined));
          } catch (error) {
            reject(error);
          }
        });
      });
    });
    client._socket!.write(endOf('server', end));
    expect((await refusal)?.message).toMatch(/not open/);
    expect((await next<[number]>(served, 'close'))[0]).toBe(end === 'a Close' ? 3001 : 1006);
  },
);

const corking = IMPLEMENTATIONS.filter(([, api]) => isOurs(api)).flatMap(([, api]) =>
  (['server', 'client'] as const).flatMap((role) => ENDS.map((end) => [role, end, api] as const)),
);

test.each(corking)('a %s is corked when %s comes: what is corked arrives, and a Close', async (role, end, api) => {
  const pair = role === 'server' ? { server: api, client: ws } : { server: ws, client: api };
  const { served, client } = await openPair(pair);
  const [sender, receiver] = role === 'server' ? [served, client] : [client, served];
  sender.cork();
  sender.send('corked');
  sender.on('error', () => {});
  const received = record(receiver, ['message', 'close']);
  receiver._socket!.write(endOf(role, end));
  await expect.poll(() => received.length).toBe(2);
  expect(received.map(([name, data]) => [name, String(data)])).toEqual([
    ['message', 'corked'],
    ['close', end === 'a Close' ? '3001' : '1002'],
  ]);
  sender.uncork();
});

test('our own Close is sent behind a Blob that is being read when the peer closes too', async () => {
  const [, api] = IMPLEMENTATIONS[1]!;
  const { served, client } = await openPair({ server: api, client: ws });
  served.on('message', () => {
    served.send(new Blob(['first']));
    served.close(4000, 'ours');
  });
  const received = record(client, ['message', 'close']);
  const closed = next<[number]>(served, 'close');
  client._socket!.write(endOf('server', 'a Close'));
  await expect.poll(() => received.length).toBe(2);
  expect(received).toEqual([
    ['message', Buffer.from('first'), true],
    ['close', 4000, Buffer.from('ours')],
  ]);
  expect((await closed)[0]).toBe(3001);
});
