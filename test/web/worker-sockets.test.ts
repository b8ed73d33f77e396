// wsimd/web over `cloudflare:sockets`: a Worker in workerd is the client, `ws` the server. A Worker cannot listen on such a
// socket, so there is no other way round.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { describeWith } from '../support/peers.js';
import { findRuntime } from '../support/runtimes.js';

const workerd = findRuntime('workerd');

/** It may reach what is on this machine, and nothing else. */
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2025-01-01",
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "kernel.wasm", wasm = embed "kernel.wasm"),
    (name = "deflate.wasm", wasm = embed "deflate.wasm"),
  ],
);
`;

/** Starts the Worker, bundled as wrangler does. @returns its address */
async function startWorker(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-sockets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await build({
    entryPoints: [fileURLToPath(new URL('worker-sockets.mjs', import.meta.url))],
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    outfile: join(folder, 'worker.js'),
  });
  writeFileSync(join(folder, 'config.capnp'), CONFIG);
  const child = spawn(workerd!, ['serve', '--control-fd=3', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const end = () => child.kill();
  process.once('exit', end);
  onTestFinished(() => {
    process.removeListener('exit', end);
    end();
  });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`workerd ended with ${code}`)));
  const [said] = await Promise.race([once(child.stdio[3]!, 'data'), failed]);
  failed.catch(() => {});
  return `http://127.0.0.1:${(JSON.parse(String(said)) as { port: number }).port}/`;
}

describeWith('a Worker', workerd !== undefined, () => {
  test.each([false, true])('is a client over a socket of its own, compressed: %s', async (isCompressed) => {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: true,
      handleProtocols: () => 'test',
    });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const closes: unknown[] = [];
    const extensions: string[] = [];
    server.on('connection', (socket) => {
      extensions.push(socket.extensions);
      socket.on('message', (data, isBinary) => {
        if (String(data) === 'close') socket.close(4001, 'enough');
        else socket.send(data, { binary: isBinary });
      });
      socket.on('close', (code, reason) => closes.push([code, String(reason)]));
    });
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`${await startWorker()}?port=${port}${isCompressed ? '&deflate' : ''}`);
    const expected = isCompressed ? expect.stringMatching(/^permessage-deflate/) : '';
    expect(await answer.json()).toEqual({
      protocol: 'test',
      extensions: expected,
      same: [true, true, true, true, true],
      byUs: { done: true, closeCode: 4000, reason: 'bye' },
      byServer: { done: true, closeCode: 4001, reason: 'enough' },
    });
    await expect
      .poll(() => closes, { timeout: 30_000 })
      .toEqual([
        [4000, 'bye'],
        [4001, 'enough'],
      ]);
    expect(extensions).toEqual(isCompressed ? ['permessage-deflate', 'permessage-deflate'] : ['', '']);
  });
});
