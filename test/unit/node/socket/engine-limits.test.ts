// src/node/: messages that the engine cannot convert to what a listener is given, and listeners that throw errors of the engine.

import { Buffer } from 'node:buffer';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWebSocketStream, type WebSocket } from '../../../../src/node/index.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');
const LONG = 70_001;
const tooLong = () =>
  Object.assign(new Error('Cannot create a string longer than 0x1fffffe8 characters'), { code: 'ERR_STRING_TOO_LONG' });

/** Buffers of this length cannot become strings, nor can they be sliced or joined. */
function failForLong(): void {
  onTestFinished(() => void vi.restoreAllMocks());
  const { toString: real } = Buffer.prototype;
  vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, ...args) {
    if (this.length === LONG) throw tooLong();
    return real.apply(this, args);
  });
  const { slice } = ArrayBuffer.prototype;
  vi.spyOn(ArrayBuffer.prototype, 'slice').mockImplementation(function (this: ArrayBuffer, start, end) {
    if ((end ?? this.byteLength) - (start ?? 0) === LONG) throw new RangeError('Array buffer allocation failed');
    return slice.call(this, start, end);
  });
  const { concat } = Buffer;
  vi.spyOn(Buffer, 'concat').mockImplementation((list, length) => {
    const all = concat(list, length);
    if (all.length === LONG) throw new RangeError('Array buffer allocation failed');
    return all;
  });
}

const inFragments = [peer.binary('x'.repeat(10), { fin: false }), peer.continuation('x'.repeat(LONG - 10))];

test.each([
  [
    'a text for addEventListener',
    [peer.text('x'.repeat(LONG))],
    (socket: WebSocket) => socket.addEventListener('message', () => {}),
  ],
  ['a text for a stream of strings', [peer.text('x'.repeat(LONG))], (socket: WebSocket) => stringsOf(socket)],
  [
    'fragments as an ArrayBuffer',
    // Gathered in a buffer that is longer, so that it is sliced.
    [
      peer.binary('x'.repeat(40_000), { fin: false }),
      peer.continuation('x'.repeat(20_000), { fin: false }),
      peer.continuation('x'.repeat(LONG - 60_000)),
    ],
    (socket: WebSocket) => {
      socket.binaryType = 'arraybuffer';
    },
  ],
  [
    'fragments, joined after all',
    inFragments,
    (socket: WebSocket) => {
      socket.binaryType = 'fragments';
      socket.once('message', () => {
        socket.binaryType = 'nodebuffer';
      });
    },
  ],
])('%s: 1009, an error event, nothing behind it', async (_name, frames, prepare) => {
  const open = await startForRawClients();
  const { client, webSocket } = await open();
  failForLong();
  const messages: number[] = [];
  prepare(webSocket);
  webSocket.on('message', (data: Buffer) => messages.push(data.length));
  const error = next<[Error]>(webSocket, 'error');
  const closed = next<[number]>(webSocket, 'close');
  client.send(stream(peer.text('hi'), ...frames, peer.text('never')));
  expect((await error)[0]).toMatchObject({ code: 'WSIMD_ENGINE_LIMIT', closeCode: 1009 });
  expect((await closed)[0]).toBe(1006);
  await client.closed;
  expect([...client.received]).toEqual([0x88, 2, 1009 >> 8, 1009 & 255]);
  expect(messages).toEqual([2]);
});

function stringsOf(socket: WebSocket): void {
  createWebSocketStream(socket, { readableObjectMode: true })
    .on('data', () => {})
    .on('error', () => {});
}

test('the same error, thrown by a listener, is the listener’s', async () => {
  const open = await startForRawClients();
  const { client, webSocket } = await open();
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  const mine = tooLong();
  webSocket.once('message', () => {
    throw mine;
  });
  webSocket.on('error', (error) => expect.unreachable(String(error)));
  client.send(stream(peer.text('hi')));
  expect(await thrown).toBe(mine);
  const message = next<[Buffer]>(webSocket, 'message');
  client.send(stream(peer.text('on it goes')));
  expect(String((await message)[0])).toBe('on it goes');
});
