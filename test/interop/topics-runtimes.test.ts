// TopicHub over the WebSockets that other runtimes' servers bring: Bun.serve, Deno.serve, and a Durable Object in workerd.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import { describeWith } from '../support/programs/describe-with.js';
import { findRuntime, type RuntimeId } from '../support/programs/runtimes.js';
import { type PeerServer, startPeerServer } from './programs.js';

const here = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

const WORKER = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2025-01-01",
  modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "kernel.wasm", wasm = embed "kernel.wasm")],
  bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
  durableObjectNamespaces = [(className = "Room", uniqueKey = "room")],
  durableObjectStorage = (inMemory = void),
);
`;

async function startInWorkerd(program: string): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-topics-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: [here('topics-workerd.mjs')],
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    outfile: join(folder, 'worker.js'),
  });
  writeFileSync(join(folder, 'config.capnp'), WORKER);
  return startPeerServer(program, ['serve', '--control-fd=1', join(folder, 'config.capnp')]);
}

const STARTS: readonly (readonly [RuntimeId, (program: string) => Promise<PeerServer>])[] = [
  ['bun', (program) => startPeerServer(program, [here('topics-bun.mjs')])],
  [
    'deno',
    (program) =>
      startPeerServer(program, [
        'run',
        '--quiet',
        '--no-check',
        '--allow-net',
        '--allow-read',
        here('topics-deno.mjs'),
      ]),
  ],
  ['workerd', startInWorkerd],
];

for (const [id, start] of STARTS) {
  const program = findRuntime(id);
  describeWith(id, program !== undefined, () => {
    test('a TopicHub sends what one publishes to all other subscribers, text and bytes, in order', async () => {
      const server = await start(program!);
      onTestFinished(() => server.stop());
      const open = async () => {
        const client = new WebSocket(`ws://127.0.0.1:${server.port}/`);
        onTestFinished(() => client.terminate());
        const received: (string | number[])[] = [];
        client.on('message', (data: RawData, isBinary) =>
          received.push(isBinary ? [...(data as Buffer)] : String(data)),
        );
        await once(client, 'open');
        return { client, received };
      };
      const [a, b, c] = [await open(), await open(), await open()];
      for (const { client } of [a, b]) client.send('+news');
      c.client.send('+other');
      // The publisher learns how many it was for: by then the others have subscribed.
      const publish = async (text: string, expected: string) => {
        const before = a.received.length;
        a.client.send(text);
        await expect.poll(() => a.received.length).toBe(before + 1);
        return a.received.at(-1) === expected;
      };
      await expect.poll(() => publish('news:first', 'published to 1, of 2 topics'), { interval: 20 }).toBe(true);
      const already = b.received.length;
      for (let i = 0; i < 50; i++) await publish(`news:text ${i}`, '');
      await publish('news:bytes', '');
      await expect.poll(() => b.received.length).toBe(already + 51);
      expect(b.received.slice(already)).toEqual([...Array.from({ length: 50 }, (_, i) => `text ${i}`), [1, 2, 3]]);
      expect(c.received).toEqual([]);
      b.client.close();
      await once(b.client, 'close');
      await expect.poll(() => publish('news:nobody', 'published to 0, of 2 topics'), { interval: 20 }).toBe(true);
    });
  });
}
