// src/node/socket/reads/spaced-delivery.ts: what deliveries count that wait for turns of their own. Their order and turns are shown on
// connections, in ../link.test.ts.

import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collectInto, type MessageEvent, PONG, QUEUED_OVERHEAD, TEXT } from '../../../../../src/messages/handler.js';
import { SpacedDelivery } from '../../../../../src/node/socket/reads/spaced-delivery.js';

it('counts each queued delivery, an empty message and a control frame too', async () => {
  const events: MessageEvent[] = [];
  const spaced = new SpacedDelivery(collectInto(events), { deliveriesQueued: () => {}, deliveriesDone: () => {} });
  spaced.deliver(TEXT, 'delivered at once');
  expect(spaced.heldLength).toBe(0);
  spaced.deliver(TEXT, '');
  spaced.deliver(PONG, new Uint8Array(0));
  spaced.deliver(TEXT, 'abc');
  expect(spaced.heldLength).toBe(3 * QUEUED_OVERHEAD + 3);
  while (spaced.isBusy) await setImmediate();
  expect([events.length, spaced.heldLength]).toEqual([4, 0]);
});
