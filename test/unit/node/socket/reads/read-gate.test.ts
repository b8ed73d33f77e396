// src/node/socket/reads/read-gate.ts: a socket is read only while there is no reason not to, and nothing that was read is lost meanwhile.

import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { DELIVERIES_QUEUED, PAUSED, REST_QUEUED, ReadGate } from '../../../../../src/node/socket/reads/read-gate.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const text = (chunk: Uint8Array) => Buffer.from(chunk).toString();

function open(head = '') {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });
  const received: string[] = [];
  const receiver = {
    wantsChunksAtOnce: false,
    act: (_chunk: string) => {},
    receive(chunk: Uint8Array | undefined) {
      received.push(text(chunk!));
      receiver.act(text(chunk!));
    },
    receiveEnd: () => void received.push('end'),
    cut: () => {},
    ended: () => void received.push(`rest ${text(gate.takeRest())}`),
  };
  const gate: ReadGate = new ReadGate(socket, Buffer.from(head), receiver, undefined);
  return { socket, received, receiver, gate, send: (chunk: string | null) => void socket.push(chunk) };
}

test('reads go on once every reason has gone, in whatever order', async () => {
  const { gate, send, received, socket } = open();
  gate.hold(PAUSED);
  gate.hold(REST_QUEUED);
  gate.hold(DELIVERIES_QUEUED);
  gate.hold(PAUSED);
  send('one');
  for (const reason of [PAUSED, DELIVERIES_QUEUED] as const) {
    gate.release(reason);
    await turn();
    expect([gate.isHeldFor(reason), socket.isPaused(), received]).toEqual([false, true, []]);
  }
  gate.release(REST_QUEUED);
  await turn();
  await turn();
  expect([socket.isPaused(), received]).toEqual([false, ['one']]);
});

test('a short chunk is handed on at the end of the turn, and at once if the receiver wants that', async () => {
  const { send, received, receiver } = open('head');
  await turn();
  await turn();
  expect(received).toEqual(['head']);
  send('short');
  expect(received).toEqual(['head']);
  await turn();
  await turn();
  expect(received).toEqual(['head', 'short']);
  receiver.wantsChunksAtOnce = true;
  send('at once');
  expect(received).toEqual(['head', 'short', 'at once']);
});

test('what is kept while a listener pauses goes back before what comes later', async () => {
  const { gate, send, received, receiver } = open();
  receiver.act = (chunk) => {
    if (chunk === 'one') gate.hold(PAUSED);
  };
  for (const chunk of ['one', 'two', 'three']) send(chunk);
  await turn();
  await turn();
  expect(received).toEqual(['one']);
  gate.release(PAUSED);
  await turn();
  await turn();
  expect(received.join('')).toBe('onetwothree');
});

test('the end of the stream comes behind what is kept', async () => {
  const { send, received } = open();
  send('last');
  send(null);
  await turn();
  await turn();
  expect(received.slice(0, 2)).toEqual(['last', 'end']);
});

test('what a destroyed socket has left is given once', async () => {
  const { gate, send, received, socket } = open();
  gate.hold(PAUSED);
  send('left');
  socket.destroy();
  await turn();
  await turn();
  expect(received).toEqual(['rest left']);
  expect(gate.takeRest()).toHaveLength(0);
});
