// src/web/: every way in which a WebSocket over streams ends.

import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/protocol/errors.js';
import { acceptWebSocket, connectWebSocket } from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';
import { answerTo, open, rawClient, readAll, rejectionOf, socketOver, stuckStreams, URL } from './open.js';

describe('ending', () => {
  it('by closing the writable: a Close frame without a code', async () => {
    const { server, client, openClient, openServer } = await open();
    const messages = readAll(openServer.readable);
    const writer = openClient.writable.getWriter();
    void writer.write('last');
    await writer.close();
    expect(await messages).toEqual(['last']);
    expect(await client.closed).toEqual({ closeCode: 1005, reason: '' });
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('by cancelling the readable or aborting the writable, with the code that the reason has', async () => {
    for (const how of ['cancel', 'abort'] as const) {
      const { server, openClient } = await open();
      const reason = { closeCode: 4002, reason: 'no more' };
      await (how === 'cancel' ? openClient.readable.cancel(reason) : openClient.writable.abort(reason));
      expect(await server.closed).toEqual(reason);
    }
    const { server, openClient } = await open();
    await openClient.readable.cancel(Object.assign(new Error('x'), { closeCode: 1006 }));
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('by a reason without a code: 1000', async () => {
    const { server, client } = await open();
    client.close({ reason: 'done' });
    expect(await server.closed).toEqual({ closeCode: 1000, reason: 'done' });
  });

  it('by a reason that is no object, or is a code alone', async () => {
    for (const [reason, closeCode] of [
      [undefined, 1005],
      ['enough', 1005],
      [{ closeCode: 4002 }, 4002],
    ] as const) {
      const { server, openClient } = await open();
      await openClient.readable.cancel(reason);
      expect(await server.closed).toEqual({ closeCode, reason: '' });
    }
  });

  it('by cancelling: what comes afterwards is dropped, and the peer may still close', async () => {
    const { server, writer, readable } = await rawClient();
    await readable.cancel();
    const pong = [0x8a, 0x80, 0, 0, 0, 0];
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, ...pong, 0x88, 0x82, 0, 0, 0, 0, 3, 232));
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 1000, reason: '' });
  });

  it('by cancelling, and then by a broken rule', async () => {
    const { server, writer, readable } = await rawClient();
    await readable.cancel();
    await writer.write(Uint8Array.of(0x83, 0x80, 0, 0, 0, 0));
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE' });
  });

  it('by a transport that takes no more', async () => {
    const [near, far] = connectedStreams(4);
    const inner = far.writable.getWriter();
    let isBroken = false;
    const writable = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (isBroken) throw new Error('gone');
        await inner.write(bytes);
      },
    });
    const server = acceptWebSocket({ readable: far.readable, writable });
    const client = connectWebSocket(near, { url: URL });
    const openServer = await server.opened;
    await client.opened;
    isBroken = true;
    openServer.writable
      .getWriter()
      .write('x')
      .catch(() => {});
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_CONNECTION_LOST');
  });

  it('after a Close frame both ways it makes no difference that the transport is reset', async () => {
    const [near, far] = connectedStreams(4);
    const reader = near.readable.getReader();
    const readable = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value } = await reader.read();
        if (value === undefined) controller.error(new Error('reset'));
        else controller.enqueue(value);
      },
    });
    const server = acceptWebSocket(far);
    const client = connectWebSocket({ readable, writable: near.writable }, { url: URL });
    await client.opened;
    client.close({ closeCode: 4003 });
    expect(await server.closed).toEqual({ closeCode: 4003, reason: '' });
    expect(await client.closed).toEqual({ closeCode: 4003, reason: '' });
  });

  it('refuses a code that may not be sent, and stays open', async () => {
    const { client, openClient, openServer } = await open();
    expect(() => client.close({ closeCode: 1006 })).toThrow(ProtocolError);
    await openClient.writable.getWriter().write('still here');
    expect((await openServer.readable.getReader().read()).value).toBe('still here');
  });

  it('by the transport: what came is read, then 1006', async () => {
    const { server, writer, readable } = await rawClient();
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x81));
    void writer.close();
    const reader = readable.getReader();
    expect((await reader.read()).value).toBe('a');
    expect(await rejectionOf(reader.read())).toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006 });
    expect((await rejectionOf(server.closed)).closeCode).toBe(1006);
  });

  it('by a socket that reads into a buffer and ends: it is closed once', async () => {
    const [near, far] = connectedStreams(4);
    let closed = 0;
    const socket = {
      ...socketOver(near),
      close: () => {
        closed++;
      },
    };
    const client = connectWebSocket(socket, { url: URL });
    const { value } = await far.readable.getReader().read();
    const writer = far.writable.getWriter();
    await writer.write(await answerTo(value!));
    await client.opened;
    await writer.close();
    expect((await rejectionOf(client.closed)).code).toBe('WSIMD_CONNECTION_LOST');
    expect(closed).toBe(1);
  });

  it('by a transport that fails: its error is the cause', async () => {
    const { server, writer } = await rawClient();
    await writer.abort(new Error('reset'));
    const error = await rejectionOf(server.closed);
    expect([error.code, String(error.cause)]).toEqual(['WSIMD_CONNECTION_LOST', 'Error: reset']);
  });

  it('by a broken rule: the peer is told, nothing behind it is delivered', async () => {
    const { server, writer, reader, readable, writable } = await rawClient();
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x83, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0));
    const messages = readable.getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 1002 >> 8, 1002 & 255));
    expect((await reader.read()).done).toBe(true);
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE', closeCode: 1002 });
    expect(await rejectionOf(messages.read().then(() => messages.read()))).toMatchObject({ closeCode: 1002 });
    await expect(writable.getWriter().write('x')).rejects.toThrow(ProtocolError);
  });

  it('by a broken rule: what came before can still be read, however much may wait', async () => {
    for (const highWaterMark of [10, 1_000_000, Number.POSITIVE_INFINITY]) {
      const { server, writer, readable } = await rawClient({ highWaterMark });
      void writer.write(
        Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x81, 0x81, 0, 0, 0, 0, 0x62, 0x83, 0x80, 0, 0, 0, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      const messages = readable.getReader();
      expect([(await messages.read()).value, (await messages.read()).value]).toEqual(['a', 'b']);
      expect(await rejectionOf(messages.read())).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE' });
      expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE' });
    }
  });

  it('answers pings meanwhile', async () => {
    const { writer, reader } = await rawClient();
    await writer.write(Uint8Array.of(0x89, 0x81, 0, 0, 0, 0, 0x70));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x8a, 1, 0x70));
  });

  it('cuts a peer that does not answer our Close frame', async () => {
    const { server } = await rawClient({ closeTimeout: 20 });
    server.close({ closeCode: 1001 });
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it('cuts a peer that answers but does not end the transport', async () => {
    const { server, writer } = await rawClient({ closeTimeout: 20 });
    await writer.write(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0));
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('although the transport is stuck in a write, by our Close frame or by a listener that throws', async () => {
    for (const how of ['close', 'throw'] as const) {
      const streams = stuckStreams();
      const onMessage = () => {
        throw new Error('no');
      };
      const server = acceptWebSocket(streams, { closeTimeout: 20, ...(how === 'throw' ? { onMessage } : {}) });
      await server.opened;
      streams.getStuck();
      if (how === 'close') {
        void server.send(new Uint8Array(100));
        server.close();
      } else {
        streams.push(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
      }
      await expect(server.closed).rejects.toThrow(how === 'throw' ? 'no' : ProtocolError);
      expect(server.isOpen).toBe(false);
    }
  });

  it('although the transport is stuck in its end', async () => {
    const streams = stuckStreams();
    const server = acceptWebSocket(streams, { closeTimeout: 20 });
    await server.opened;
    streams.getStuck();
    streams.push(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0));
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('tells who writes afterwards, and who writes what is no message', async () => {
    const { client, openClient } = await open();
    const writer = openClient.writable.getWriter();
    client.close();
    await client.closed;
    expect((await rejectionOf(writer.write('late'))).code).toBe('WSIMD_NOT_OPEN');
    const { openServer } = await open();
    await expect(openServer.writable.getWriter().write(5 as never)).rejects.toThrow(TypeError);
  });
});
