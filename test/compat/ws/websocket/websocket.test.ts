// Properties, states and events of a WebSocket: the same with `ws` and with ours, in every pairing.

import { describe, expect, test } from 'vitest';
import { isCompressed, isOurs, listen, open, openPair, PAIRS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  test('the constants, on the class and on each WebSocket', async () => {
    const { client, served } = await openPair(pair);
    for (const constants of [pair.client.WebSocket, pair.server.WebSocket, client, served]) {
      const { CONNECTING, OPEN, CLOSING, CLOSED } = constants;
      expect([CONNECTING, OPEN, CLOSING, CLOSED]).toEqual([0, 1, 2, 3]);
    }
  });

  test('what hangs on the class', () => {
    for (const { WebSocket, WebSocketServer, createWebSocketStream } of [pair.server, pair.client]) {
      expect(WebSocket.Server).toBe(WebSocketServer);
      expect(WebSocket.WebSocketServer).toBe(WebSocketServer);
      expect(WebSocket.WebSocket).toBe(WebSocket);
      expect(WebSocket.createWebSocketStream).toBe(createWebSocketStream);
    }
  });

  test('states from beginning to end', async () => {
    const { server, url } = await listen(pair.server);
    const connection = next<[InstanceType<typeof pair.server.WebSocket>]>(server, 'connection');
    const client = new pair.client.WebSocket(url);
    const states = [client.readyState];
    await next(client, 'open');
    const [served] = await connection;
    states.push(client.readyState, served.readyState);
    const closed = Promise.all([next(client, 'close'), next(served, 'close')]);
    client.close();
    states.push(client.readyState);
    await closed;
    expect([...states, client.readyState, served.readyState]).toEqual([0, 1, 1, 2, 3, 3]);
  });

  test('url, protocol, extensions, binaryType, isPaused, bufferedAmount of an open one', async () => {
    const { server, url } = await listen(pair.server);
    const connection = next<[InstanceType<typeof pair.server.WebSocket>]>(server, 'connection');
    const client = await open(pair.client, `${url}/path?query=1`, ['first', 'second']);
    const [served] = await connection;
    expect(client.url).toBe(`${url}/path?query=1`);
    for (const webSocket of [client, served]) {
      const { protocol, extensions, binaryType, isPaused, bufferedAmount } = webSocket;
      expect([protocol, extensions.split(';')[0], binaryType, isPaused, bufferedAmount]).toEqual([
        'first',
        isCompressed(pair) ? 'permessage-deflate' : '',
        'nodebuffer',
        false,
        0,
      ]);
    }
  });

  test('binaryType: texts are Buffers whatever it is, binary messages what it says', async () => {
    const { client, served } = await openPair(pair);
    for (const [from, to] of [
      [client, served],
      [served, client],
    ] as const) {
      // A compressed message is inflated once it has come whole.
      const isJoined = isCompressed(pair) && isOurs(to === served ? pair.server : pair.client);
      for (const binaryType of ['nodebuffer', 'arraybuffer', 'fragments', 'blob', 'other'] as const) {
        to.binaryType = binaryType as 'blob';
        const text = next<[Buffer, boolean]>(to, 'message');
        from.send('text');
        expect(await text).toEqual([Buffer.from('text'), false]);
        const binary = next<[unknown, boolean]>(to, 'message');
        from.send(Buffer.from('abc'), { fin: false });
        from.send(Buffer.alloc(0), { fin: false });
        from.send(Buffer.from('de'), { fin: true });
        const [data, isBinary] = await binary;
        expect(isBinary).toBe(true);
        if (binaryType === 'nodebuffer') expect(data).toEqual(Buffer.from('abcde'));
        else if (binaryType === 'arraybuffer') expect(Buffer.from(data as ArrayBuffer).toString()).toBe('abcde');
        else if (binaryType === 'fragments')
          expect(data).toEqual(isJoined ? [Buffer.from('abcde')] : [Buffer.from('abc'), Buffer.from('de')]);
        else expect([data instanceof Blob, await (data as Blob).text()]).toEqual([true, 'abcde']);
        if (binaryType === 'other') expect(to.binaryType).toBe('blob');
        if (binaryType !== 'arraybuffer') continue;
        const whole = next<[ArrayBuffer]>(to, 'message');
        from.send(Buffer.from('xyz'));
        const [buffer] = await whole;
        expect([buffer instanceof ArrayBuffer, Buffer.from(buffer).toString()]).toEqual([true, 'xyz']);
      }
    }
  });

  test('binaryType fragments: a message of one frame, and one of no bytes', async () => {
    const { client, served } = await openPair(pair);
    served.binaryType = 'fragments';
    const messages = record(served, ['message']);
    client.send(Buffer.from('whole'));
    client.send(Buffer.alloc(0));
    await expect.poll(() => messages.length).toBe(2);
    expect(messages).toEqual([
      ['message', [Buffer.from('whole')], true],
      ['message', [], true],
    ]);
  });

  test.each<[string, number | undefined, string | Buffer | undefined, number, string]>([
    ['nothing', undefined, undefined, 1005, ''],
    ['a code', 1000, undefined, 1000, ''],
    ['a code and a reason', 4000, 'bye', 4000, 'bye'],
    ['a reason of bytes', 1001, Buffer.from('bytes'), 1001, 'bytes'],
    ['the longest reason', 3000, 'x'.repeat(123), 3000, 'x'.repeat(123)],
  ])('close: %s', async (_what, code, reason, expectedCode, expectedReason) => {
    for (const isServers of [false, true]) {
      const { client, served } = await openPair(pair);
      const closes = Promise.all([next(client, 'close'), next(served, 'close')]);
      (isServers ? served : client).close(code, reason);
      const expected = [expectedCode, Buffer.from(expectedReason)];
      expect(await closes).toEqual([expected, expected]);
    }
  });

  test('close: what may not be sent', async () => {
    const { client, served } = await openPair(pair);
    for (const webSocket of [client, served]) {
      for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
        expect(() => webSocket.close(code)).toThrow(TypeError);
      }
      expect(() => webSocket.close(1000, 'x'.repeat(124))).toThrow(RangeError);
    }
  });

  test.each<[unknown, number]>([
    [new Error('no text'), 4000],
    [404, 4000],
    [new ArrayBuffer(3), 4000],
    [null, 1006],
    [['a list'], 1006],
    [Uint16Array.of(65), 1006],
  ])('close: with %o for a reason there is none, or a TypeError', async (reason, expected) => {
    const { client, served } = await openPair(pair);
    const closed = next(served, 'close');
    const close = () => client.close(4000, reason as string);
    if (expected === 4000) close();
    else expect(close).toThrow(TypeError);
    client.terminate();
    const [code, text] = await closed;
    // What ws sends compressed or not is at its leisure; the Close frame leaves at once.
    expect([code, text]).toEqual([expected, Buffer.alloc(0)]);
  });

  test('close: what was sent before it arrives, and what arrives before the answer is delivered', async () => {
    const { client, served } = await openPair(pair);
    const messages = record(served, ['message', 'close']);
    const clientMessages = record(client, ['message']);
    const closes = Promise.all([next(client, 'close'), next(served, 'close')]);
    served.once('message', () => served.send('still open'));
    client.send('a');
    client.send('b');
    client.close(1000);
    client.close(1001);
    await closes;
    expect(messages.map(([name]) => name)).toEqual(['message', 'message', 'close']);
    expect(clientMessages).toEqual([['message', Buffer.from('still open'), false]]);
  });

  test('terminate', async () => {
    const { client, served } = await openPair(pair);
    const closes = Promise.all([next(client, 'close'), next(served, 'close')]);
    client.terminate();
    expect(client.readyState).toBe(client.CLOSING);
    expect(await closes).toEqual([
      [1006, Buffer.alloc(0)],
      [1006, Buffer.alloc(0)],
    ]);
    client.terminate();
    client.close();
  });

  test('terminate: what was sent before it in the same turn leaves', async () => {
    // With ws a compressed message is still being compressed then.
    const leaves = !isCompressed(pair) || isOurs(pair.server);
    for (const isInside of [false, true]) {
      const { client, served } = await openPair(pair);
      const messages = record(client, ['message']);
      const closed = next(client, 'close');
      const told: boolean[] = [];
      const refuse = () => {
        served.send('you may not', (error) => told.push(!error));
        served.terminate();
      };
      if (isInside) served.on('message', refuse);
      else refuse();
      if (isInside) client.send('may I?');
      await closed;
      expect(messages).toEqual(leaves ? [['message', Buffer.from('you may not'), false]] : []);
      await expect.poll(() => told).toEqual([leaves]);
    }
  });

  test('paused in a message, behind which a rule is broken: the end does not wait to be read', async () => {
    const { client, served } = await openPair(pair, { closeTimeout: 600_000 }, { closeTimeout: 600_000 });
    served.on('message', () => served.pause());
    served.on('error', () => {});
    const closes = Promise.all([next(served, 'close'), next(client, 'close')]);
    // A text, and a frame with a reserved opcode.
    client._socket?.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x85, 0x80, 0, 0, 0, 0));
    expect((await closes).map(([code]) => code)).toEqual([1006, 1002]);
    expect(served.isPaused).toBe(true);
  });

  test.each(['close', 'terminate'] as const)('%s while connecting is an error and a close', async (method) => {
    const { url } = await listen(pair.server);
    const client = new pair.client.WebSocket(url);
    const events = record(client, ['error', 'close', 'open']);
    client[method]();
    expect(client.readyState).toBe(client.CLOSING);
    expect(events).toEqual([]);
    await next(client, 'close');
    expect(events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(String(events[0]?.[1])).toMatch(/closed before the connection was established/);
    expect(events[1]).toEqual(['close', 1006, Buffer.alloc(0)]);
  });

  test('a ping is answered, and told of; with autoPong false it is only told of', async () => {
    for (const autoPong of [true, false]) {
      const { client, served } = await openPair(pair, { autoPong });
      const events = record(served, ['ping']);
      const pongs = record(client, ['pong']);
      client.ping('there?');
      client.ping('still?');
      await expect.poll(() => events.length).toBe(2);
      expect(events).toEqual([
        ['ping', Buffer.from('there?')],
        ['ping', Buffer.from('still?')],
      ]);
      if (!autoPong) served.pong('by hand');
      await expect.poll(() => pongs.length).toBe(autoPong ? 2 : 1);
      expect(String(pongs[0]?.[1])).toBe(autoPong ? 'there?' : 'by hand');
    }
  });

  test('allowSynchronousEvents: one event a turn, in order, and the close behind them', async () => {
    const { client, served } = await openPair(pair, { allowSynchronousEvents: false });
    const events: string[] = [];
    let turn = 0;
    const count = () => {
      turn++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const turns: number[] = [];
    for (const name of ['message', 'ping', 'pong', 'close'] as const) {
      served.on(name, (data: unknown) => {
        events.push(`${name} ${String(data)}`);
        turns.push(turn);
      });
    }
    const closed = next(served, 'close');
    client._socket?.cork();
    client.send('a');
    client.send(Buffer.from('b'));
    client.ping('c');
    client.pong('d');
    client.send('e');
    client.close(1000);
    await new Promise((resolve) => process.nextTick(resolve));
    client._socket?.uncork();
    await closed;
    clearImmediate(timer);
    expect(events).toEqual(['message a', 'message b', 'ping c', 'pong d', 'message e', 'close 1000']);
    expect(new Set(turns.slice(0, 5)).size).toBe(5);
  });

  test('the peer vanishes', async () => {
    const { client, served } = await openPair(pair);
    const events = record(served, ['error', 'close']);
    const socket = client._socket as import('node:net').Socket;
    socket.resetAndDestroy();
    await expect.poll(() => events.length).toBe(1);
    expect(events).toEqual([['close', 1006, Buffer.alloc(0)]]);
  });

  test('closeTimeout: a peer that does not answer a Close frame is cut', async () => {
    const { client, served } = await openPair(pair, { closeTimeout: 100 });
    client.pause();
    const closed = next(served, 'close');
    served.close(1000);
    expect(await closed).toEqual([1006, Buffer.alloc(0)]);
  });
});

describe.each(PAIRS.filter(([, { server }]) => isOurs(server)))('ours: %s', (_name, pair) => {
  test("textAs: 'string'", async () => {
    const { client, served } = await openPair(pair, { textAs: 'string' });
    const messages = record(served, ['message']);
    client.send('grün');
    client.send('in ', { fin: false });
    client.send('pieces', { fin: true });
    client.send(Buffer.from([1]));
    await expect.poll(() => messages.length).toBe(3);
    expect(messages.map(([, data]) => data)).toEqual(['grün', 'in pieces', Buffer.from([1])]);
  });
});
