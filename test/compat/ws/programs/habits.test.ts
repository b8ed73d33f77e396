// What programs rely on without `ws` saying so anywhere: pongs that they have put in the place of ours, the async context of their
// callbacks, `bufferedAmount` right after a send, frames made beforehand, functions of node:http that somebody has replaced.

import { AsyncLocalStorage } from 'node:async_hooks';
import type * as http from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  broadcast,
  createWebSocketStream,
  PreparedMessage,
  WebSocket,
  WebSocketServer,
} from '../../../../src/node/index.js';
import {
  type Api,
  IMPLEMENTATIONS,
  isCompressed,
  isOurs,
  listen,
  open,
  openPair,
  PAIRS,
  record,
} from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  test('a pong of the program’s answers pings, on the instance or in a subclass', async () => {
    class Polite extends pair.client.WebSocket {
      override pong(...args: unknown[]): void {
        super.pong(`polite ${args[0]}`);
      }
    }
    const { server, url } = await listen(pair.server);
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new Polite(url);
    const [served] = await connection;
    await next(client, 'open');
    const pong = next<[Buffer]>(served, 'pong');
    served.ping('you?');
    expect(String((await pong)[0])).toBe('polite you?');
    const pongs: unknown[] = [];
    served.pong = (data) => void pongs.push(String(data));
    const ping = next(served, 'ping');
    client.ping('and you?');
    await ping;
    expect(pongs).toEqual(['and you?']);
    client.terminate();
  });

  test.each([true, false])(
    'a close of the program’s answers the peer’s, at once or later; synchronous events: %s',
    async (allowSynchronousEvents) => {
      const { served, client } = await openPair(pair, { allowSynchronousEvents });
      const calls: unknown[] = [];
      const close = served.close.bind(served);
      served.close = (...args) => {
        calls.push(args, served.readyState);
        setTimeout(() => close(4001, 'mine'), 20);
      };
      const ends = Promise.all([closingOf(served), closingOf(client)]);
      client.close(4000, 'bye');
      const [atServer, atClient] = await ends;
      expect(calls).toEqual([[4000, Buffer.from('bye')], 1]);
      expect([atServer, atClient]).toEqual([
        [4000, 'bye'],
        [4001, 'mine'],
      ]);
    },
  );

  test('a close in a subclass is called without arguments for a Close frame without a code', async () => {
    const calls: unknown[][] = [];
    class Noting extends pair.client.WebSocket {
      override close(...args: [number?, string?]): void {
        calls.push(args);
        super.close(...args);
      }
    }
    const { server, url } = await listen(pair.server);
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new Noting(url);
    const [served] = await connection;
    await next(client, 'open');
    served.close();
    expect(await closingOf(client)).toEqual([1005, '']);
    expect(calls).toEqual([[]]);
  });

  test('a close that does not answer leaves the peer waiting, until it is called after all', async () => {
    const { served, client } = await openPair(pair);
    let calls = 0;
    const close = served.close;
    served.close = () => void calls++;
    client.close(4000);
    await expect.poll(() => calls).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([client.readyState, served.readyState]).toEqual([2, 1]);
    const end = closingOf(client);
    close.call(served, 4002);
    expect(await end).toEqual([4002, '']);
  });

  test('a close of the program’s is called for a broken rule, before the error is emitted', async () => {
    const { served, client } = await openPair(pair);
    const calls: unknown[] = [];
    const close = served.close;
    served.close = (...args) => {
      calls.push(args);
      close.apply(served, args);
    };
    served.on('error', (error: Error & { code?: string }) => calls.push(error.code));
    const end = closingOf(client);
    // A frame with a reserved bit.
    client._socket!.write(Buffer.from([0xa1, 0x80, 0, 0, 0, 0]));
    expect(await end).toEqual([1002, '']);
    expect(calls).toEqual([[1002], 'WS_ERR_UNEXPECTED_RSV_2_3']);
  });

  test('a stream calls the methods that the program has put on the WebSocket', async () => {
    const { served, client } = await openPair(pair);
    const duplex = pair.client.createWebSocketStream(client);
    const calls: string[] = [];
    for (const name of ['send', 'close', 'terminate', 'pause', 'resume'] as const) {
      const method = client[name] as (...args: unknown[]) => void;
      client[name] = (...args: unknown[]) => {
        calls.push(name);
        method.apply(client, args);
      };
    }
    served.on('message', (data) => served.send(data));
    duplex.write('text');
    await next(duplex, 'readable');
    expect(String(duplex.read())).toBe('text');
    // More than the stream buffers.
    served.send(Buffer.alloc(200_000));
    await expect.poll(() => calls).toContain('pause');
    duplex.resume();
    await expect.poll(() => calls).toContain('resume');
    duplex.end();
    await next(duplex, 'close');
    // Twice: the second one answers the peer’s.
    expect(calls).toEqual(['send', 'pause', 'resume', 'close', 'close']);

    const other = await openPair(pair);
    const cut = pair.client.createWebSocketStream(other.client);
    const terminate = other.client.terminate.bind(other.client);
    let cuts = 0;
    other.client.terminate = () => {
      cuts++;
      terminate();
    };
    cut.destroy();
    await next(cut, 'close');
    expect(cuts).toBe(1);
  });

  // Where it compresses, `ws` calls back in the context of another send.
  const ownContext =
    isOurs(pair.client) || !isCompressed(pair) ? ['callbacks run in the async context of their own call'] : [];
  test.each(ownContext)('%s', async () => {
    const { client } = await openPair(pair);
    const context = new AsyncLocalStorage<string>();
    const seen = new Map<string, string | undefined>();
    const calls: [string, (done: () => void) => void][] = [
      ['send', (done) => client.send('text', done)],
      ['options', (done) => client.send('text', { binary: true }, done)],
      ['large', (done) => client.send(Buffer.alloc(300_000), done)],
      ['ping', (done) => client.ping('', undefined, done)],
      ['pong', (done) => client.pong(done)],
    ];
    await Promise.all(
      calls.map(([name, call]) =>
        context.run(
          name,
          () => new Promise<void>((resolve) => call(() => resolve(void seen.set(name, context.getStore())))),
        ),
      ),
    );
    client.close();
    await context.run(
      'late',
      () => new Promise<void>((resolve) => client.send('', () => resolve(void seen.set('late', context.getStore())))),
    );
    const names = [...calls.map(([name]) => name), 'late'];
    expect([...seen]).toEqual(expect.arrayContaining(names.map((name) => [name, name])));
  });

  test('bufferedAmount is 0 right after sends that the system takes', async () => {
    const { served, client } = await openPair(pair, { perMessageDeflate: false }, { perMessageDeflate: false });
    const messages = record(client, ['message']);
    // A program that skips what the peer could not take in time.
    for (let i = 0; i < 20; i++) if (served.bufferedAmount === 0) served.send(`frame ${i}`);
    await expect.poll(() => messages.length).toBe(20);
  });

  test('bufferedAmount grows within one tick for a peer that does not read', async () => {
    const { served, client } = await openPair(pair, { perMessageDeflate: false }, { perMessageDeflate: false });
    client.pause();
    const data = Buffer.alloc(1024);
    const limit = 20 * 1024 * 1024;
    let sent = 0;
    while (served.bufferedAmount < limit && sent < 100_000) {
      served.send(data);
      sent++;
    }
    expect(sent).toBeLessThan(60_000);
    expect(served.bufferedAmount).toBeGreaterThanOrEqual(limit);
    const drained = record(served, ['drain']);
    client.resume();
    await expect.poll(() => served.bufferedAmount).toBe(0);
    expect(drained.length).toBeLessThanOrEqual(1);
  });
});

interface SenderClass {
  frame(data: Uint8Array, options: object): Buffer[];
}
type WithSender = WebSocket & {
  readonly _sender: { sendFrame(frames: Buffer[], callback?: (error?: Error) => void): void };
};

test('callbacks of ours run in the context of their call, also for what waits behind a peer that does not read', async () => {
  const [, pair] = PAIRS[3]!;
  const { served, client } = await openPair(pair);
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const see = () => seen.push(context.getStore());
  const prepared = new PreparedMessage('prepared');
  const frame = WebSocket.Sender.frame('frame', { opcode: 1 });
  const sendAll = (when: string) => {
    context.run(`${when} frame`, () => served._sender?.sendFrame(frame, see));
    context.run(`${when} prepared`, () => served.sendPrepared(prepared, see));
    context.run(`${when} text`, () => served.send('text', see));
    context.run(`${when} ping`, () => served.ping('', false, see));
  };
  const namesOf = (when: string) => ['frame', 'prepared', 'text', 'ping'].map((what) => `${when} ${what}`);
  sendAll('idle');
  await expect.poll(() => seen.length).toBe(4);
  expect(seen.splice(0)).toEqual(namesOf('idle'));
  client.pause();
  while (served.bufferedAmount < 1_000_000) served.send(Buffer.alloc(100_000));
  sendAll('slow');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toEqual([]);
  client.resume();
  await expect.poll(() => seen.length).toBe(4);
  expect(seen).toEqual(namesOf('slow'));
});

describe.each(PAIRS.slice(0, 4))('frames made beforehand: %s', (_name, pair) => {
  const frameOf = (data: string, options: object = {}): Buffer[] =>
    (pair.server.WebSocket as unknown as { Sender: SenderClass }).Sender.frame(Buffer.from(data), {
      readOnly: false,
      mask: false,
      rsv1: false,
      opcode: 1,
      fin: true,
      ...options,
    });

  test('arrive in their turn, with a callback, at as many as they are sent to', async () => {
    const { server, url } = await listen(pair.server);
    const connections: WebSocket[] = [];
    server.on('connection', (webSocket) => connections.push(webSocket));
    const clients = await Promise.all([1, 2, 3].map(() => open(pair.client, url)));
    await expect.poll(() => connections.length).toBe(3);
    const received = clients.map((client) => record(client, ['message', 'ping']));
    const frame = frameOf('framed once');
    const done: unknown[] = [];
    for (const webSocket of connections) {
      webSocket.send('before');
      (webSocket as WithSender)._sender.sendFrame(frame, (error) => done.push(error));
      (webSocket as WithSender)._sender.sendFrame(frameOf('first, ', { fin: false }));
      (webSocket as WithSender)._sender.sendFrame(frameOf('last', { opcode: 0 }));
      (webSocket as WithSender)._sender.sendFrame(frameOf('ping', { opcode: 9 }));
      (webSocket as WithSender)._sender.sendFrame(frameOf('x'.repeat(70_000), { opcode: 2 }));
      webSocket.send('after');
    }
    await expect.poll(() => received.map((events) => events.length)).toEqual([6, 6, 6]);
    for (const events of received) {
      expect(events.map(([type, data]) => `${type} ${String(data).slice(0, 11)}`)).toEqual([
        'message before',
        'message framed once',
        'message first, last',
        'ping ping',
        'message xxxxxxxxxxx',
        'message after',
      ]);
    }
    expect(done).toHaveLength(3);
    expect(done.every((error) => !error)).toBe(true);
  });

  test('what the program writes over its frame shows in the next one', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(client, ['message']);
    const frame = frameOf('one');
    (served as WithSender)._sender.sendFrame(frame);
    await expect.poll(() => messages.length).toBe(1);
    frame.at(-1)!.write('two', frame.at(-1)!.length - 3);
    (served as WithSender)._sender.sendFrame(frame);
    await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['one', 'two']);
  });

  test('an empty array of frames is a TypeError', async () => {
    const { served } = await openPair(pair);
    expect(() => (served as WithSender)._sender.sendFrame([], () => {})).toThrow(TypeError);
  });
});

test.each(IMPLEMENTATIONS)('%s: http.request that somebody has replaced is called', async (_name, api) => {
  const { url } = await listen(api);
  // The module of CommonJS, which mocks and monitoring change.
  const module: { request: typeof http.request } = createRequire(import.meta.url)('node:http');
  const { request } = module;
  const asked: unknown[] = [];
  module.request = ((...args: Parameters<typeof request>) => {
    asked.push(args);
    return request(...args);
  }) as typeof request;
  onTestFinished(() => {
    module.request = request;
  });
  const client = await open(api, url);
  expect(asked).toHaveLength(1);
  client.terminate();
});

test('a heartbeat pings with the ping of the program’s', async () => {
  const { server, url } = await listen(
    { WebSocket, WebSocketServer, createWebSocketStream },
    { heartbeat: { interval: 20 } },
  );
  let pings = 0;
  server.on('connection', (webSocket) => {
    const { ping } = webSocket;
    webSocket.ping = () => {
      pings++;
      Reflect.apply(ping, webSocket, ['mine']);
    };
  });
  const client = new WebSocket(url);
  expect(String((await next<[Buffer]>(client, 'ping'))[0])).toBe('mine');
  expect(pings).toBeGreaterThan(0);
  client.terminate();
});

test('a heartbeat lets a peer live that takes what was sent, slowly', async () => {
  const [, [, ours]] = IMPLEMENTATIONS as [unknown, [string, Api]];
  const { server, url } = await listen(ours, {
    heartbeat: { interval: 1500, timeout: 1500 },
    perMessageDeflate: false,
  });
  const connection = next<[WebSocket]>(server as WebSocketServer, 'connection');
  const client = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 });
  onTestFinished(() => client.terminate());
  const [served] = await connection;
  await next(client, 'open');
  const socket = client._socket as Socket;
  const closes = record(served, ['close']);
  const message = next<[Buffer]>(client, 'message');
  served.send(Buffer.alloc(30 * 1024 * 1024));
  // Reads a little at a time: the pings behind the message are answered after two intervals. Shorter ones would cut the peer where
  // the process, which is both ends, is stopped for so long.
  const start = performance.now();
  const readBefore = socket.bytesRead;
  socket.pause();
  const reading = setInterval(() => {
    const due = ((performance.now() - start) / 4000) * 30 * 1024 * 1024;
    if (socket.bytesRead - readBefore > due) return;
    socket.resume();
    setImmediate(() => socket.pause());
  }, 5);
  await message;
  clearInterval(reading);
  socket.resume();
  expect(closes).toEqual([]);
  // One that takes nothing is cut all the same.
  socket.pause();
  served.send(Buffer.alloc(30 * 1024 * 1024));
  await next(served, 'close');
  broadcast([served], 'nobody');
});

/** Code and reason of the end of a connection. */
function closingOf(webSocket: WebSocket): Promise<[code: number, reason: string]> {
  return new Promise((resolve) => webSocket.once('close', (code, reason) => resolve([code, String(reason)])));
}
