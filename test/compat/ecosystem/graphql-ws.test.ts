// graphql-ws: its server part for `ws` (graphql-ws/use/ws) on our server, its client on our WebSocket and on that of `ws`: queries,
// subscriptions, errors, reconnects.

import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type Client, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../../../src/node/index.js';
import { IMPLEMENTATIONS } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';

// The copy that graphql-ws has: two of them do not know each other's schemas.
const { GraphQLObjectType, GraphQLSchema, GraphQLString }: typeof import('graphql') = createRequire(import.meta.url)(
  'graphql',
);

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { type: GraphQLString, resolve: () => 'world' },
      fails: {
        type: GraphQLString,
        resolve: () => {
          throw new Error('as it should');
        },
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLString,
        subscribe: async function* () {
          for (let i = 0; i < 5; i++) {
            await new Promise((resolve) => setTimeout(resolve, 2));
            yield { count: `grün ${i}` };
          }
        },
      },
      forever: {
        type: GraphQLString,
        subscribe: async function* () {
          for (let i = 0; ; i++) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            yield { forever: String(i) };
          }
        },
      },
    },
  }),
});

async function start(): Promise<{ server: WebSocketServer; url: string }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' });
  const { dispose } = useServer({ schema }, server as never, 200);
  await next(server, 'listening');
  onTestFinished(async () => {
    await dispose();
  });
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` };
}

/** All that a request comes to. */
async function results(client: Client, query: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const result of client.iterate({ query })) all.push(result);
  return all;
}

describe.each(IMPLEMENTATIONS)('with the WebSocket of %s as the client', (_name, { WebSocket: webSocketImpl }) => {
  function connect(url: string, options: object = {}): Client {
    const client = createClient({ url, webSocketImpl, ...options });
    onTestFinished(() => void client.dispose());
    return client;
  }

  test('a query, and one that fails', async () => {
    const { url } = await start();
    const client = connect(url);
    expect(await results(client, '{ hello }')).toEqual([{ data: { hello: 'world' } }]);
    expect(await results(client, '{ fails }')).toMatchObject([{ errors: [{ message: 'as it should' }] }]);
    await expect(results(client, '{ unknown }')).rejects.toMatchObject([
      { message: expect.stringContaining('unknown') },
    ]);
  });

  test('subscriptions, several on one connection, one of them ended early', async () => {
    const { server, url } = await start();
    const client = connect(url);
    const expected = Array.from({ length: 5 }, (_, i) => ({ data: { count: `grün ${i}` } }));
    const [first, second] = await Promise.all([
      results(client, 'subscription { count }'),
      results(client, 'subscription { count }'),
    ]);
    expect([first, second]).toEqual([expected, expected]);
    let seen = 0;
    for await (const _result of client.iterate({ query: 'subscription { forever }' })) if (++seen === 3) break;
    expect(seen).toBe(3);
    expect(server.clients.size).toBeLessThanOrEqual(1);
  });

  test('it connects anew where the connection breaks', async () => {
    const { server, url } = await start();
    let connected = 0;
    const client = connect(url, {
      retryAttempts: 5,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 5)),
      on: { connected: () => connected++ },
    });
    let seen = 0;
    for await (const _result of client.iterate({ query: 'subscription { forever }' })) {
      seen++;
      if (seen === 2) for (const webSocket of server.clients) webSocket.terminate();
      if (seen === 6) break;
    }
    expect(connected).toBe(2);
  });

  test('a subprotocol that is not its own is refused with its close code', async () => {
    const { url } = await start();
    const client = new webSocketImpl(url, ['other']);
    const [event] = await Promise.race([
      next<[unknown]>(client as never, 'error'),
      next<[unknown]>(client as never, 'close'),
    ]);
    expect(event).toBeDefined();
  });
});
