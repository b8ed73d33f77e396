// What the constructors of relays, and useRelay, say to arguments that are missing or of another type.

import { expect, it } from 'vitest';
import { ClusterRelay, RedisRelay, ThreadRelay, WebSocketServer } from '../../../../../src/node/index.js';

const CLIENT = { publish: async () => {}, duplicate: () => ({}) };

it.each<[string, () => unknown, string]>([
  ['no client', () => new RedisRelay(undefined as never), takesClient('undefined')],
  ['null', () => new RedisRelay(null as never), takesClient('null')],
  ['an address', () => new RedisRelay('redis://localhost' as never), takesClient('"redis://localhost"')],
  ['another object', () => new RedisRelay({ publish() {} } as never), takesClient('an object')],
  ['a channel that is a number', () => new RedisRelay(CLIENT, { channel: 1 as never }), 'channel is a string, not 1'],
  [
    'options of a ThreadRelay',
    () => new ThreadRelay({} as never),
    'a ThreadRelay takes the name of a channel, a string, not an object',
  ],
  [
    'null for the name of a ClusterRelay',
    () => new ClusterRelay(null as never),
    'a ClusterRelay takes the name of a channel, a string, not null',
  ],
])('%s is a TypeError', (_, make, text) => {
  expect(make).toThrow(new TypeError(text));
});

it('nothing else than a name is needed between threads and workers, and that has a default', () => {
  new ThreadRelay().close();
  expect(new ClusterRelay()).toBeInstanceOf(ClusterRelay);
});

it.each([
  ['undefined', undefined],
  ['a function', RedisRelay],
  ['an object', { publish() {} }],
])('useRelay rejects %s, and takes a relay afterwards', async (text, value) => {
  const server = new WebSocketServer({ noServer: true });
  await expect(server.useRelay(value as never)).rejects.toThrow(
    new TypeError(`useRelay takes a relay, with publish and subscribe, not ${text}`),
  );
  const relay = new ThreadRelay();
  await server.useRelay(relay);
  relay.close();
});

function takesClient(given: string): string {
  return `a RedisRelay takes a client of the package redis or ioredis, not ${given}`;
}
