// The option `earlyScavenges`: when V8 is asked for a scavenge, and that the program's own globals and flags stay as they are.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../../src/node/index.js';
import { countForScavenge } from '../../../../../src/node/socket/reads/early-scavenges.js';

const MIB = 1024 * 1024;

/** Counts the scavenges that were asked for. V8's own have no flag. */
function observeScavenges(): { readonly count: () => Promise<number> } {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = (entry as typeof entry & { readonly detail: NodeGCPerformanceDetail }).detail;
      const isForced = ((flags ?? 0) & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR && isForced) count++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  onTestFinished(() => observer.disconnect());
  return {
    count: async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
      return count;
    },
  };
}

/** A client sends 20 MiB in messages of 256 KiB, and the server counts them. */
async function receive(options: Partial<WebSocketServerOptions>, messageLength = MIB / 4): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: options.perMessageDeflate ?? false });
  onTestFinished(() => client.terminate());
  const [[served]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
  let received = 0;
  const all = new Promise<void>((resolve) => {
    served.on('message', (data: Buffer) => {
      received += data.length;
      if (received === 20 * MIB) resolve();
    });
  });
  const message = Buffer.alloc(messageLength, 7);
  for (let sent = 0; sent < 20 * MIB; sent += messageLength) client.send(message);
  await all;
}

test('a scavenge follows each 8 MiB of allocated bytes: those that are received, and those that both ends copy', async () => {
  const { count } = observeScavenges();
  await receive({});
  expect(await count()).toBeGreaterThanOrEqual(1);
  expect(await count()).toBeLessThanOrEqual(10);
});

test('compressed messages count with the length that they are inflated to', async () => {
  const { count } = observeScavenges();
  await receive({ perMessageDeflate: true }, MIB);
  expect(await count()).toBeGreaterThanOrEqual(1);
});

test('none is asked for with earlyScavenges: false', async () => {
  const { count } = observeScavenges();
  await receive({ earlyScavenges: false });
  expect(await count()).toBe(0);
});

test('nobody else gets the function that collects', async () => {
  const { count } = observeScavenges();
  for (let i = 0; i < 4; i++) countForScavenge(8 * MIB);
  expect(await count()).toBeGreaterThanOrEqual(1);
  expect(Object.hasOwn(globalThis, 'gc')).toBe(false);
  expect(runInNewContext('typeof gc')).toBe('undefined');
});

test('the first scavenge frees a block of 16 MiB, from which glibc learns to keep memory; later ones free none', async () => {
  vi.resetModules();
  const fresh = await import('../../../../../src/node/socket/reads/early-scavenges.js');
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  onTestFinished(() => allocate.mockRestore());
  // A chunk that came through a stream counts four times.
  fresh.countForScavenge(MIB);
  expect(allocate).not.toHaveBeenCalled();
  for (let i = 0; i < 100; i++) fresh.countForScavenge(MIB);
  expect(allocate.mock.calls).toEqual([[16 * MIB]]);
});

test('scavenges that take long make the intervals longer, a single one that has waited for the processor does not', async () => {
  vi.resetModules();
  const fresh = await import('../../../../../src/node/socket/reads/early-scavenges.js');
  let now = 0;
  let calls = 0;
  let duration = 0.5;
  // It is called before and after each scavenge.
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    now += calls++ % 2 === 0 ? 1 : duration;
    return now;
  });
  onTestFinished(() => clock.mockRestore());
  /** MiB until the next scavenge. A chunk that came through a stream counts four times. */
  const interval = () => {
    const before = calls;
    let counted = 0;
    for (; calls === before; counted++) fresh.countForScavenge(MIB / 4);
    return counted;
  };
  const intervals = (count: number) => Array.from({ length: count }, interval);
  expect(intervals(4)).toEqual([8, 8, 8, 8]);
  duration = 100;
  expect(interval()).toBe(8);
  duration = 0.5;
  expect(intervals(4)).toEqual([8, 8, 8, 8]);
  duration = 2;
  expect(intervals(6)).toEqual([8, 8, 8, 8, 16, 16]);
  duration = 100;
  expect(intervals(6)).toEqual([16, 16, 16, 16, 32, 32]);
});
