// What programs see of the properties of server and WebSocket: which names they may use for themselves, and which
// properties they find. `ws` is the oracle.

import type { IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Api, IMPLEMENTATIONS, listen, openPair } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

/** Names that programs give what they keep on a socket or a server. */
const NAMES = (
  'account active address agent alive alias app attach attempts attributes auth authenticated board broker browser bucket buffer ' +
  'cache callback channel channels chat clean client clientId connection connected context cookie cork count counter credentials ' +
  'data db debug deadline destroyed detach device directReads encoder env failed flags frame game getUser group guard handle handler ' +
  'hasJoined head heartbeat held host id info initialized internal ip isAlive isClean join joined key kind label lastPing lastSeen ' +
  'latency limit link listener locals log logger manager match meta metadata mode name namespace nick nonce opened opening options ' +
  'origin outgoing owner packet parent path peer peerId ping_timeout player pool port prefix presence prepared priority process query ' +
  'queue rate reader readsDirectly reader_ ready reconnect remote request res response role room rooms route scope self send_ sender ' +
  'server session sessionId settings sid sink socket source stale start state stats status store stream subscriptions tag target team ' +
  'tenant terminated tick timeout timer token topic topics track transport type uid uncork user userId username uuid value version ' +
  'wasClean watch waiting watcher wrapped'
).split(' ');

function outcomes(object: object): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of NAMES) {
    try {
      Reflect.set(object, name, 'mine', object);
      const isKept = Reflect.get(object, name) === 'mine';
      seen[name] = isKept ? 'kept' : 'not kept';
    } catch (error) {
      seen[name] = String(error);
    }
  }
  return seen;
}

test.each(IMPLEMENTATIONS)('%s: over a hundred ordinary names are free on server and sockets', async (_name, api) => {
  expect(NAMES.length).toBeGreaterThan(100);
  const { server, served, client } = await openPair({ server: api, client: api });
  const all = Object.fromEntries(NAMES.map((name) => [name, 'kept']));
  expect(outcomes(server)).toEqual(all);
  expect(outcomes(served)).toEqual(all);
  expect(outcomes(client)).toEqual(all);
  const message = next<[Buffer]>(served, 'message');
  client.send('and all works');
  expect(String((await message)[0])).toBe('and all works');
  const closed = new Promise<{ wasClean: boolean }>((resolve) => served.addEventListener('close', resolve));
  client.close(1000);
  expect((await closed).wasClean).toBe(true);
});

test.each(IMPLEMENTATIONS)('%s: a subclass may have methods of these names', async (_name, api) => {
  const methods = (Base: object) => {
    const { prototype } = Base as { prototype: object };
    for (const name of NAMES) {
      Object.defineProperty(prototype, name, { value: () => name, configurable: true, writable: true });
    }
  };
  class Socket extends api.WebSocket {}
  class Server extends api.WebSocketServer<typeof Socket> {}
  methods(Socket);
  const server = new Server({ port: 0, host: '127.0.0.1', WebSocket: Socket });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await next(server, 'listening');
  server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(`${data}`)));
  const client = new Socket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  await next(client, 'open');
  const echo = next<[Buffer]>(client, 'message');
  client.send('echo');
  expect(String((await echo)[0])).toBe('echo');
});

describe('shapes', () => {
  const NAMED = [
    'CONNECTING OPEN CLOSING CLOSED',
    'binaryType bufferedAmount extensions isPaused protocol readyState url',
    'onopen onmessage onclose onerror addEventListener removeEventListener',
    'send ping pong close terminate pause resume',
  ]
    .join(' ')
    .split(' ');

  function shapeOf(object: object, name: string): object | undefined {
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (descriptor === undefined) return undefined;
    const { get, set, value, ...flags } = descriptor;
    return { ...flags, get: typeof get, set: typeof set, value: typeof value === 'number' ? value : typeof value };
  }

  function shapes({ WebSocket }: Api): object {
    const { prototype } = WebSocket;
    return Object.fromEntries(
      NAMED.map((name) => [name, [shapeOf(WebSocket, name), withoutSetter(name, shapeOf(prototype, name))]]),
    );
  }

  /** What `ws` documents as read-only has no setter in either. */
  function withoutSetter(name: string, shape: object | undefined): object | undefined {
    return name.startsWith('on') || name === 'binaryType' ? shape : shape && { ...shape };
  }

  test('constants, accessors and methods have the same descriptors on class and prototype', () => {
    const [[, ws], [, ours]] = IMPLEMENTATIONS as [[string, Api], [string, Api]];
    expect(shapes(ours)).toEqual(shapes(ws));
  });

  test.each(IMPLEMENTATIONS)('%s: constants cannot be changed', (_name, { WebSocket }) => {
    expect(() => Reflect.set(WebSocket, 'OPEN', 5)).not.toThrow();
    expect(WebSocket.OPEN).toBe(1);
    expect(() => {
      (WebSocket as { OPEN: number }).OPEN = 5;
    }).toThrow(TypeError);
    expect(() => {
      (new WebSocket(null as never, undefined as never, {}) as { OPEN: number }).OPEN = 5;
    }).toThrow(TypeError);
  });

  test('for…in shows the same public names', async () => {
    const shown = await Promise.all(
      IMPLEMENTATIONS.map(async ([, api]) => {
        const { client } = await openPair({ server: api, client: api });
        const names: string[] = [];
        for (const name in client) if (!name.startsWith('_') && !name.startsWith('domain')) names.push(name);
        return names.sort();
      }),
    );
    expect(shown[1]).toEqual(shown[0]);
  });
});

test.each(IMPLEMENTATIONS)(
  '%s: a subclass given as option WebSocket gets (null, undefined, options)',
  async (_name, api) => {
    const seen: unknown[][] = [];
    class Socket extends api.WebSocket {
      constructor(...args: unknown[]) {
        super(...(args as [null]));
        seen.push(args);
      }
    }
    const { server, url } = await listen(api, { WebSocket: Socket as never, maxPayload: 1234 });
    const connection = next<[InstanceType<typeof Socket>, IncomingMessage]>(server, 'connection');
    const client = new api.WebSocket(url);
    // It may be ended before it is open.
    client.on('error', () => {});
    onTestFinished(() => client.terminate());
    await connection;
    expect(seen).toEqual([[null, undefined, server.options]]);
    expect(server.options).toMatchObject({
      maxPayload: 1234,
      perMessageDeflate: false,
      clientTracking: true,
      noServer: false,
    });
    expect(server.options.maxFragments).toBe(16 * 1024);
  },
);
