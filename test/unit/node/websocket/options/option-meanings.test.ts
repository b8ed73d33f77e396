// What the values of options mean that both `ws` and we accept: limits that are none, times that never come; and what is
// refused where the process, not the code, says it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { makeConfig } from '../../../../../src/node/websocket/options/config.js';
import { IMPLEMENTATIONS, openPair } from '../../../../support/peers/implementations.js';
import { next } from '../../../../support/servers/servers.js';

describe.each(IMPLEMENTATIONS)('of %s', (_name, api) => {
  const pair = { server: api, client: api };

  test.each([null, 0, -1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])(
    'maxPayload and maxFragments of %s are no limit',
    async (none) => {
      const { served, client } = await openPair(pair, { maxPayload: none, maxFragments: none });
      const message = next<[Buffer]>(served, 'message');
      client.send(Buffer.alloc(100_000), { fin: false });
      for (let i = 0; i < 20; i++) client.send(Buffer.alloc(1), { fin: i === 19 });
      expect((await message)[0].length).toBe(100_020);
    },
  );

  test('maxPayload of 1.5 is 1, and maxFragments of 2.5 is 2', async () => {
    const { served, client } = await openPair(pair, { maxPayload: 1.5 });
    served.on('error', () => {});
    const message = next<[Buffer]>(served, 'message');
    client.send('a');
    expect((await message)[0].toString()).toBe('a');
    client.send('ab');
    expect((await next(client, 'close'))[0]).toBe(1009);

    const fragments = await openPair(pair, { maxFragments: 2.5 });
    fragments.served.on('error', () => {});
    for (const text of ['a', 'b', 'c']) fragments.client.send(text, { fin: text === 'c' });
    expect((await next(fragments.client, 'close'))[0]).toBe(1008);
  });

  test.each([null, 0, -1, Number.NaN])('maxPendingAutoPongs of %s is no limit', async (maxPendingAutoPongs) => {
    const { served, client } = await openPair(pair, { maxPendingAutoPongs, maxPayload: 0 });
    // What waits for a peer that does not read keeps the pongs waiting.
    client.pause();
    served.send(Buffer.alloc(20_000_000));
    for (let i = 0; i < 100; i++) client.ping();
    const message = next(served, 'message');
    client.send('still there');
    expect(String((await message)[0])).toBe('still there');
    expect(served.readyState).toBe(api.WebSocket.OPEN);
  });

  test('null for a flag is false', async () => {
    const { served, client } = await openPair(pair, { autoPong: null as never, clientTracking: null as never });
    const pong = vi.fn();
    client.on('pong', pong);
    const ping = next(served, 'ping');
    client.ping();
    await ping;
    const message = next(client, 'message');
    served.send('x');
    await message;
    expect(pong).not.toHaveBeenCalled();
  });
});

test('the limits of a server and a client that sets none are those of SECURITY.md', () => {
  for (const role of ['server', 'client'] as const) {
    expect(makeConfig(role, {})).toMatchObject({
      connection: { maxMessageLength: 100 * 1024 * 1024, maxFragments: 16_384, skipUtf8Validation: false },
      maxPendingPongs: 60,
      maxPingRate: 1000,
      maxBackpressure: Number.POSITIVE_INFINITY,
      closeTimeout: 30_000,
      heartbeat: undefined,
    });
  }
  const { held } = makeConfig('server', {});
  const holder = { evict: vi.fn() };
  held!.charge(holder, 1024 ** 3 - 1024);
  expect(holder.evict).not.toHaveBeenCalled();
  held!.charge(holder, 1024 ** 3);
  expect(holder.evict).toHaveBeenCalledWith(1024 ** 3);
  expect(makeConfig('client', {}).held).toBeUndefined();
});

describe('times', () => {
  test('the longest that a timer takes is accepted, a longer one is not, Infinity is never', () => {
    for (const name of ['closeTimeout', 'handshakeTimeout']) {
      for (const value of [2 ** 31 - 1, Number.POSITIVE_INFINITY]) makeConfig('client', { [name]: value });
      for (const value of [2 ** 31, Number.NaN, -1, '1000']) {
        expect(() => makeConfig('client', { [name]: value }), String(value)).toThrow(RangeError);
        expect(() => makeConfig('client', { [name]: value }), String(value)).toThrow(name);
      }
    }
    expect(makeConfig('client', { closeTimeout: Number.POSITIVE_INFINITY }).closeTimeout).toBe(2 ** 31 - 1);
    expect(makeConfig('server', { heartbeat: { interval: Number.POSITIVE_INFINITY } }).heartbeat).toBeUndefined();
    for (const interval of [2 ** 31, 0.5, Number.NaN, undefined]) {
      expect(() => makeConfig('server', { heartbeat: { interval: interval as number } })).toThrow('heartbeat.interval');
    }
  });

  test('a closeTimeout of Infinity cuts nobody', async () => {
    const [, ours] = IMPLEMENTATIONS[1]!;
    const pair = { server: ours, client: ours };
    const { served, client } = await openPair(pair, { closeTimeout: Number.POSITIVE_INFINITY });
    client.pause();
    served.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(served.readyState).toBe(WebSocket.CLOSING);
    client.resume();
    expect((await next(served, 'close'))[0]).toBe(1005);
  });
});

test('a limit that is NaN throws, with the name that was written', () => {
  const { UNSET } = process.env;
  expect(() => new WebSocketServer({ noServer: true, maxPayload: Number(UNSET) })).toThrow(/^maxPayload .* not NaN$/);
});

test('equal options of compression share one memory, those that only look equal do not', () => {
  const deflate = (threshold: unknown) => makeConfig('server', { perMessageDeflate: { threshold } as never }).deflate;
  expect(deflate(100)).toBe(deflate(100));
  expect(deflate(Number.POSITIVE_INFINITY)).toBeDefined();
  expect(() => deflate(Number.NaN)).toThrow('perMessageDeflate.threshold');
});

test('an unknown WSIMD_KERNEL is found by the constructor', async () => {
  const entry = fileURLToPath(new URL('../../../../../build/src/node/index.js', import.meta.url));
  const program = `
    import { WebSocket, WebSocketServer } from ${JSON.stringify(entry)};
    for (const make of [() => new WebSocketServer({ noServer: true }), () => new WebSocket('ws://127.0.0.1:1')]) {
      try { make(); console.log('made'); } catch ({ code, message }) { console.log(code, message); }
    }`;
  const env = { ...process.env, WSIMD_KERNEL: 'bogus' };
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', program], { env }, (_e, out, err) => resolve(out + err));
  });
  expect(output.trim().split('\n')).toEqual(
    Array(2).fill(expect.stringMatching(/^WSIMD_NO_KERNEL .*WSIMD_KERNEL is "wasm" or "portable", not "bogus"$/)),
  );
});
