// What each proxy does to a connection on which nothing is sent, and what keeps it: all proxies at once, as it takes seconds.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from '../../../src/node/index.js';
import { isInstalled } from '../../support/servers/proxies.js';
import { type Client, converse, open } from './conversation.js';
import { FRONTS, type Front } from './fronts.js';
import { closeOf, startBehind } from './server.js';

const IDLE_SECONDS = 5;

/** Close codes of those that were closed, at the client and at the server. */
async function observe(front: Front): Promise<Record<string, unknown>> {
  const { url, connections } = await startBehind(front, {
    paths: {
      '/silent': {},
      '/heartbeat': { heartbeat: { interval: 2000 } },
      '/server-talks': {},
      '/client-talks': {},
    },
    idleTimeout: IDLE_SECONDS,
  });
  const closes: Record<string, unknown> = {};
  const watch = async (path: string): Promise<{ client: Client; served: WebSocket }> => {
    const client = await open('ours', url + path);
    const served = connections.find(({ request }) => request.url === `/${path}`)!.webSocket;
    Promise.all([closeOf(client), closeOf(served)]).then(([[atClient], [atServer]]) => {
      closes[path] = [atClient, atServer];
    });
    return { client, served };
  };
  await watch('silent');
  const { client: beating } = await watch('heartbeat');
  const { served: serverTalks } = await watch('server-talks');
  const { client: clientTalks } = await watch('client-talks');
  const timer = setInterval(() => {
    serverTalks.send('news');
    clientTalks.send('news');
  }, 500);
  onTestFinished(() => clearInterval(timer));
  // Those that look at their clocks once a second need up to two more.
  await sleep((IDLE_SECONDS + 3) * 1000);
  if (front.cutsIdle) await expect.poll(() => closes.silent, { timeout: 20_000 }).toBeDefined();
  const seen = { ...closes };
  await converse(beating);
  return seen;
}

test('a silent connection is cut; a heartbeat keeps it', async () => {
  const fronts = FRONTS.filter(({ program }) => isInstalled(program));
  const seen = await Promise.all(fronts.map(async (front) => [front.name, await observe(front)]));
  const cut = [1006, 1006];
  expect(Object.fromEntries(seen)).toEqual(
    Object.fromEntries(
      fronts.map(({ name, cutsIdle, isKeptByServer }) => [
        name,
        { ...(cutsIdle ? { silent: cut } : {}), ...(isKeptByServer ? {} : { 'server-talks': cut }) },
      ]),
    ),
  );
});
