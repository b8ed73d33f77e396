// src/web/outlet.ts: when it writes what was gathered.

import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { Transport } from '../../../src/web/byte-streams.js';
import { Outlet } from '../../../src/web/outlet.js';

const MESSAGE = Uint8Array.of(1, 2, 3);

/** A transport that takes everything at once. */
function quickTransport(keepsChunks: boolean, written: Uint8Array[]): Transport {
  return {
    reusesBuffer: false,
    keepsChunks,
    read: () => new Promise(() => {}),
    unread: () => {},
    write: async (bytes) => {
      written.push(bytes.slice());
    },
    end: async () => {},
    whenLost: () => {},
    cut: () => {},
  };
}

it.each([true, false])('a message that comes just as a write ends leaves too, keepsChunks %s', async (keepsChunks) => {
  for (let microtasks = 0; microtasks < 20; microtasks++) {
    const written: Uint8Array[] = [];
    const connection = new Connection({ role: 'server' });
    const outlet = new Outlet(connection, quickTransport(keepsChunks, written), () => {});
    connection.sendBinary(MESSAGE);
    void outlet.flush();
    for (let i = 0; i < microtasks; i++) await undefined;
    connection.sendBinary(MESSAGE);
    outlet.flushAtEndOfTurn();
    await setImmediate();
    expect(connection.outgoingLength, `${microtasks} microtasks behind the first`).toBe(0);
    expect(Buffer.concat(written)).toEqual(Buffer.from([0x82, 3, ...MESSAGE, 0x82, 3, ...MESSAGE]));
  }
});
