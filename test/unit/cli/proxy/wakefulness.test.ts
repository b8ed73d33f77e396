// How long the event loop stays awake behind bytes that the relay has passed on.

import { setTimeout as later } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const cores = vi.hoisted(() => ({ count: 2 }));
vi.mock(import('node:os'), async (original) => ({ ...(await original()), availableParallelism: () => cores.count }));

beforeEach(() => vi.resetModules());
afterEach(() => vi.restoreAllMocks());

async function load(count: number): Promise<() => void> {
  cores.count = count;
  return (await import('../../../../src/cli/proxy/wakefulness.js')).stayAwake;
}

it('looks for more at once and then falls asleep, however often it was told to stay awake', async () => {
  const stayAwake = await load(2);
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  const looks = vi.spyOn(globalThis, 'setImmediate');
  stayAwake();
  stayAwake();
  expect(looks).toHaveBeenCalledTimes(1);
  now.mockReturnValue(1000.1);
  await later(5);
  const looked = looks.mock.calls.length;
  expect(looked).toBeGreaterThan(3);
  now.mockReturnValue(1000.3);
  await later(5);
  looks.mockClear();
  await later(5);
  expect(looks).not.toHaveBeenCalled();
  stayAwake();
  expect(looks).toHaveBeenCalledTimes(1);
  now.mockReturnValue(2000);
  await later(5);
});

it('sleeps on a single core, where others would have to wait', async () => {
  const stayAwake = await load(1);
  const looks = vi.spyOn(globalThis, 'setImmediate');
  stayAwake();
  expect(looks).not.toHaveBeenCalled();
});
