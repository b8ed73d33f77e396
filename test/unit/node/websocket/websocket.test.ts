// src/node/websocket/websocket.ts, seen from the other end of a raw TCP socket.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FrameEncoder, PreparedMessage, type ProtocolError } from '../../../../src/index.js';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next, type RunningServer, startServer } from '../../../support/servers/servers.js';

const frames = new FrameEncoder({ role: 'client' });

async function open(running: RunningServer, behindHead: Uint8Array = new Uint8Array(0)) {
  const client = new RawClient(running.port);
  const connection = next<[WebSocket]>(running.server, 'connection');
  client.send(Buffer.concat([Buffer.from(requestHead(running.port)), behindHead]));
  const [webSocket] = await connection;
  await client.takeHead();
  return { client, webSocket };
}

async function nextClose(webSocket: WebSocket): Promise<[number, string]> {
  const [closeCode, reason] = await next<[number, Buffer]>(webSocket, 'close');
  return [closeCode, reason.toString()];
}

describe.each(['wasm', 'portable'] as const)('WebSocket on the %s kernel', (kernel) => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await startServer({ kernel, closeTimeout: 300, textAs: 'string' }, { echo: false });
  });
  afterEach(() => running.stop());

  test('bytes that came with the upgrade request are frames', async () => {
    const received: unknown[] = [];
    running.server.on('connection', (webSocket) => webSocket.on('message', (...message) => received.push(message)));
    const { client } = await open(running, Buffer.concat([frames.encodeText('one'), frames.encodeText('two')]));
    client.send(frames.encodeText('three'));
    await expect
      .poll(() => received)
      .toEqual([
        ['one', false],
        ['two', false],
        ['three', false],
      ]);
  });

  test('frames may come byte by byte', async () => {
    const { client, webSocket } = await open(running);
    webSocket.on('message', (data) => webSocket.send(data));
    for (const byte of frames.encodeText('héllo')) client.send(Uint8Array.of(byte));
    expect(await client.take(8)).toEqual(Buffer.from([0x81, 6, ...Buffer.from('héllo')]));
  });

  test('replies to one chunk leave in one write', async () => {
    const { client, webSocket } = await open(running);
    const chunks: Buffer[] = [];
    client.socket.on('data', (chunk) => chunks.push(chunk));
    webSocket.on('message', (data) => webSocket.send(data));
    client.send(Buffer.concat(Array.from({ length: 100 }, (_, i) => frames.encodeText(`message ${i}`))));
    await expect.poll(() => Buffer.concat(chunks).length).toBe(100 * (2 + 'message '.length) + 190);
    expect(chunks.length).toBe(1);
  });

  test('sends of one turn leave in order: the first at once, the others together', async () => {
    const { client, webSocket } = await open(running);
    const done: string[] = [];
    webSocket.send('a', undefined, () => done.push('a'));
    webSocket.ping('p');
    webSocket.send(Uint8Array.of(1, 2).buffer);
    webSocket.send(Uint16Array.of(0x0403));
    webSocket.sendPrepared(new PreparedMessage('b'), () => done.push('b'));
    webSocket.pong();
    // Nothing is in the way of what is gathered.
    expect(webSocket.bufferedAmount).toBe(0);
    expect(await client.take(19)).toEqual(
      Buffer.from([0x81, 1, 0x61, 0x89, 1, 0x70, 0x82, 2, 1, 2, 0x82, 2, 3, 4, 0x81, 1, 0x62, 0x8a, 0]),
    );
    await expect.poll(() => done).toEqual(['a', 'b']);
    expect(webSocket.bufferedAmount).toBe(0);
  });

  test('what was sent stays as it was, whatever is sent after it', async () => {
    const { client, webSocket } = await open(running);
    const expected: Buffer[] = [];
    for (let round = 0; round < 50; round++) {
      const payload = new Uint8Array(2000).fill(round);
      webSocket.send(payload);
      payload.fill(0xff);
      expected.push(Buffer.from([0x82, 126, 2000 >> 8, 2000 & 0xff]), Buffer.alloc(2000, round));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const all = Buffer.concat(expected);
    expect((await client.take(all.length)).equals(all)).toBe(true);
  });

  test('a prepared message goes as it is, in its turn', async () => {
    const { client, webSocket } = await open(running);
    const prepared = new PreparedMessage('all');
    const done: string[] = [];
    webSocket.sendPrepared(prepared, () => done.push('first'));
    webSocket.send('own');
    webSocket.sendPrepared(prepared);
    webSocket.sendPrepared(prepared, () => done.push('last'));
    expect((await client.take(20)).toString('latin1')).toBe('\x81\x03all\x81\x03own\x81\x03all\x81\x03all');
    await expect.poll(() => done).toEqual(['first', 'last']);
    webSocket.terminate();
    await client.closed;
    const failed = await new Promise((resolve) => webSocket.sendPrepared(prepared, resolve));
    expect((failed as ProtocolError).code).toBe('WSIMD_NOT_OPEN');
    const before = webSocket.bufferedAmount;
    webSocket.sendPrepared(prepared);
    expect(webSocket.bufferedAmount).toBe(before + 3);
  });

  test('a peer that does not read gets all of it once it does', async () => {
    const { client, webSocket } = await open(running);
    client.socket.pause();
    const payloads = Array.from({ length: 200 }, (_, i) => Buffer.alloc(60_000, i));
    let sent = 0;
    for (const payload of payloads) {
      webSocket.send(payload, undefined, () => sent++);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(webSocket.bufferedAmount).toBeGreaterThan(1_000_000);
    expect(sent).toBeLessThan(200);
    client.socket.resume();
    for (const payload of payloads) {
      const frame = await client.take(4 + payload.length);
      expect(frame.subarray(4).equals(payload)).toBe(true);
    }
    await expect.poll(() => [sent, webSocket.bufferedAmount]).toEqual([200, 0]);
  });

  test('a ping is answered, and told of', async () => {
    const { client, webSocket } = await open(running);
    const ping = next<[Buffer]>(webSocket, 'ping');
    client.send(frames.encodePing('are you there'));
    expect((await ping)[0].toString()).toBe('are you there');
    expect((await client.take(15)).toString('latin1')).toBe('\x8a\x0dare you there');
    const pong = next<[Buffer]>(webSocket, 'pong');
    client.send(frames.encodePong('so am I'));
    expect((await pong)[0].toString()).toBe('so am I');
  });

  test('a Close from the peer is answered, told of, and ends the socket', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    client.send(frames.encodeClose(4321, 'enough'));
    expect((await client.take(10)).toString('latin1')).toBe('\x88\x08\x10\xe1enough');
    await client.closed;
    expect(await close).toEqual([4321, 'enough']);
    expect(webSocket.readyState).toBe(WebSocket.CLOSED);
    webSocket.send('late');
    expect(webSocket.bufferedAmount).toBe(4);
  });

  test('an empty Close is told of as 1005', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    client.send(frames.encodeClose());
    expect(await client.take(2)).toEqual(Buffer.from([0x88, 0]));
    expect(await close).toEqual([1005, '']);
  });

  test('our Close waits for the answer, and messages still come', async () => {
    const { client, webSocket } = await open(running);
    const messages: unknown[] = [];
    webSocket.on('message', (data) => messages.push(data));
    const close = nextClose(webSocket);
    webSocket.close(1000, 'bye');
    webSocket.close(1001);
    expect(webSocket.readyState).toBe(WebSocket.CLOSING);
    expect((await client.take(7)).toString('latin1')).toBe('\x88\x05\x03\xe8bye');
    client.send(Buffer.concat([frames.encodeText('last words'), frames.encodeClose(1000)]));
    expect(await close).toEqual([1000, '']);
    expect(messages).toEqual(['last words']);
  });

  test('a peer that does not answer our Close is cut', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    webSocket.close(1000);
    expect(await close).toEqual([1006, '']);
    await client.closed;
  });

  test('a peer that answers our Close and then holds the socket is cut', async () => {
    const { client, webSocket } = await open(running);
    client.socket.removeAllListeners('end');
    const close = nextClose(webSocket);
    webSocket.close(1000);
    client.send(frames.encodeClose(1000));
    expect(await close).toEqual([1000, '']);
  });

  test('a broken rule: what came before is delivered, the Close says which, nothing comes after', async () => {
    const { client, webSocket } = await open(running);
    const messages: unknown[] = [];
    const errors: Error[] = [];
    webSocket.on('message', (data) => messages.push(data));
    webSocket.on('error', (error) => errors.push(error));
    const close = nextClose(webSocket);
    client.send(
      Buffer.concat([
        frames.encodeText('good'),
        frames.encode(1, Uint8Array.of(0xc3, 0x28)),
        frames.encodeText('never'),
      ]),
    );
    expect(await client.take(4)).toEqual(Buffer.from([0x88, 2, 1007 >> 8, 1007 & 0xff]));
    expect(await close).toEqual([1006, '']);
    expect(messages).toEqual(['good']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      code: 'WS_ERR_INVALID_UTF8',
      closeCode: 1007,
      cause: { code: 'WSIMD_INVALID_UTF8', offset: 10 + 6 + 1 },
    });
  });

  test('nobody listens for errors: the connection ends, the process goes on', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    client.send(Uint8Array.of(0x81, 0x00));
    expect(await client.take(4)).toEqual(Buffer.from([0x88, 2, 1002 >> 8, 1002 & 0xff]));
    expect(await close).toEqual([1006, '']);
  });

  test('a peer that vanishes is a close with 1006, whose waiting sends learn of it', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    client.socket.resetAndDestroy();
    expect(await close).toEqual([1006, '']);
    const failed = await new Promise((resolve) => webSocket.send('late', undefined, resolve));
    expect((failed as ProtocolError).code).toBe('WSIMD_NOT_OPEN');
  });

  test('a peer that ends the socket without a Close is a close with 1006', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    client.send(Uint8Array.of(0x81, 0x85, 1, 2));
    client.socket.end();
    expect(await close).toEqual([1006, '']);
  });

  test('terminate cuts at once', async () => {
    const { client, webSocket } = await open(running);
    const close = nextClose(webSocket);
    webSocket.terminate();
    expect(await close).toEqual([1006, '']);
    await client.closed;
    webSocket.terminate();
  });

  test('a listener that throws does not lose the messages behind it', async () => {
    const { client, webSocket } = await open(running);
    const messages: unknown[] = [];
    const thrown: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    try {
      webSocket.on('message', (data) => {
        messages.push(data);
        if (String(data) === 'b') throw new Error('from a listener');
      });
      client.send(Buffer.concat(['a', 'b', 'c', 'd'].map((text) => frames.encodeText(text))));
      await expect.poll(() => messages).toEqual(['a', 'b', 'c', 'd']);
      expect(thrown).toMatchObject([{ message: 'from a listener' }]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });

  test('pause and resume', async () => {
    const { client, webSocket } = await open(running);
    const messages: unknown[] = [];
    webSocket.on('message', (data) => messages.push(data));
    webSocket.pause();
    client.send(frames.encodeText('later'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(messages).toEqual([]);
    webSocket.resume();
    await expect.poll(() => messages).toEqual(['later']);
  });

  test('what cannot be sent is refused, and nothing leaves', async () => {
    const { client, webSocket } = await open(running);
    expect(() => webSocket.send(true as never)).toThrow(TypeError);
    expect(() => webSocket.send({} as never)).toThrow(TypeError);
    expect(() => webSocket.ping('x'.repeat(126))).toThrow(expect.objectContaining({ code: 'WSIMD_CONTROL_PAYLOAD' }));
    expect(() => webSocket.close(1005)).toThrow(expect.objectContaining({ code: 'WSIMD_INVALID_CLOSE_CODE' }));
    expect(() => webSocket.close(1000, 'x'.repeat(124))).toThrow(
      expect.objectContaining({ code: 'WSIMD_INVALID_REASON' }),
    );
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
    webSocket.send('x', { binary: true });
    webSocket.send(Buffer.from('y'), { binary: false });
    expect((await client.take(6)).toString('latin1')).toBe('\x82\x01x\x81\x01y');
  });

  test('works over any Duplex, which may keep the bytes it was given', async () => {
    const kept: Buffer[] = [];
    const wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, written) => {
        kept.push(chunk);
        written();
      },
    });
    const server = new WebSocketServer({ noServer: true, kernel });
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { method: 'GET', url: '/', httpVersion: '1.1' });
    for (const line of requestHead(1).trim().split('\r\n').slice(1)) {
      const [name = '', value] = line.split(': ');
      request.headers[name.toLowerCase()] = value;
    }
    let opened: WebSocket | undefined;
    server.handleUpgrade(request, wire, Buffer.alloc(0), (made) => {
      opened = made;
    });
    const webSocket = opened!;
    kept.length = 0;
    for (const text of ['first', 'second', 'third']) {
      webSocket.send(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Buffer.concat(kept).toString('latin1')).toBe('\x81\x05first\x81\x06second\x81\x05third');
    const message = next<[Buffer]>(webSocket, 'message');
    wire.push(frames.encodeText('in'));
    expect((await message)[0].toString()).toBe('in');
    webSocket.terminate();
  });
});
