// src/connection.ts: the memory of what is pending, on very many connections at once.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes on the heap and off it. */
function allocated(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const COUNT = 10_000;

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  function openAll(role: 'server' | 'client'): Connection[] {
    const options = { role, kernel } as const;
    return Array.from({ length: COUNT }, () => new Connection(options));
  }

  it.each(['server', 'client'] as const)(
    '10,000 connections with 100 bytes pending take at most 2 KiB each (%s)',
    (role) => {
      const connections = openAll(role);
      const payload = new Uint8Array(100);
      const idle = allocated();
      for (const connection of connections) connection.sendBinary(payload);
      const pending = allocated();
      expect((pending - idle) / COUNT).toBeLessThanOrEqual(2048);
      expect((pending - idle) / COUNT).toBeGreaterThan(100);
      for (const connection of connections) connection.releaseOutgoing(connection.takeOutgoing());
      // What the pool keeps is bounded in bytes, and is no connection's.
      expect(allocated() - idle).toBeLessThan(8 * 1024 * 1024);
      expect(connections.every(({ outgoingLength }) => outgoingLength === 0)).toBe(true);
    },
  );

  it('10,000 servers with the same prepared message pending by reference take 256 bytes each', () => {
    const connections = openAll('server');
    const message = new PreparedMessage(new Uint8Array(64 * 1024));
    const idle = allocated();
    for (const connection of connections) connection.sendPrepared(message, { byReference: true });
    expect((allocated() - idle) / COUNT).toBeLessThanOrEqual(256);
    expect(connections.every(({ outgoingLength }) => outgoingLength > 64 * 1024)).toBe(true);
  });
});
